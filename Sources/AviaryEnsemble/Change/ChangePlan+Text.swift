internal import Records

// A plan as people and programs read it, and as a file that `apply` takes.

extension ChangePlan {
    /// For people.
    public func text(ensemble: String) -> String {
        let version = ChangePlan.hexadecimal(madeFor)
        let leader = leader.map { ", led by server \($0)" } ?? ""
        guard !entries.isEmpty || obstacle != nil else {
            return "\(ensemble) is what is wanted: no changes (configuration \(version)\(leader))"
        }
        let count = "\(entries.count) step\(entries.count == 1 ? "" : "s")"
        var lines = ["\(ensemble): \(count), made for configuration \(version)\(leader)", ""]
        let texts = entries.map { $0.step.text(because: $0.reasons) }
        // A long one must not push the margins of all the others off the screen.
        let width = min(texts.map(\.count).max() ?? 0, 60)
        for (place, entry) in entries.enumerated() {
            let number = String(place + 1)
            let text = texts[place]
            lines.append(
                String(repeating: " ", count: max(0, 3 - number.count)) + "\(number)  \(text)"
                    + String(repeating: " ", count: max(0, width - text.count))
                    + "  \(entry.margin.outlook)")
        }
        if let obstacle {
            lines += ["", "and no further: \(obstacle.reason). Type: \(obstacle.advice)"]
        }
        return lines.joined(separator: "\n")
    }

    /// For programs; the fields are those of Documentation/CHANGE.md.
    public func json(ensemble: String) -> JSONValue {
        let steps = entries.map { entry in
            JSONValue.object([
                JSONValue.Field("step", .string(entry.step.name)),
                JSONValue.Field("server", JSONValue(entry.step.server?.number)),
                JSONValue.Field("text", .string(entry.step.text)),
                JSONValue.Field("reasons", .list(entry.reasons.map(\.json))),
                JSONValue.Field(
                    "margin",
                    .object([
                        JSONValue.Field("count", .integer(entry.margin.count)),
                        JSONValue.Field("needed", .integer(entry.margin.needed)),
                        JSONValue.Field("synced", .integer(entry.margin.synced)),
                        JSONValue.Field("mayFail", JSONValue(entry.margin.mayFail)),
                    ])),
            ])
        }
        return .object([
            JSONValue.Field("ensemble", .string(ensemble)),
            JSONValue.Field("madeFor", .string(ChangePlan.hexadecimal(madeFor))),
            JSONValue.Field("leader", JSONValue(leader?.number)),
            JSONValue.Field("changes", .bool(!entries.isEmpty)),
            JSONValue.Field("steps", .list(steps)),
            JSONValue.Field(
                "obstacle",
                obstacle.map {
                    .object([
                        JSONValue.Field("reason", .string($0.reason)),
                        JSONValue.Field("advice", .string($0.advice)),
                    ])
                } ?? .null),
        ])
    }

    /// A version as the servers write it.
    public static func hexadecimal(_ version: Int64) -> String {
        String(UInt64(bitPattern: version), radix: 16)
    }
}

/// A plan that was written down: what is wanted, and the version that it was made for.
///
/// The steps in the file are for the reader. They are not replayed: what is still to be done is
/// decided from what is there when they are carried out.
public struct ChangePlanFile: Equatable, Sendable {
    private static let firstLine = "aviary plan 1"

    /// The ensemble.
    public var ensemble: String
    /// The version of the committed configuration.
    public var madeFor: Int64
    /// What is wanted.
    public var wanted: EnsembleSpec

    /// A plan to be written down.
    public init(ensemble: String, madeFor: Int64, wanted: EnsembleSpec) {
        self.ensemble = ensemble
        self.madeFor = madeFor
        self.wanted = wanted
    }

    /// Whether a text is meant to be such a file.
    public static func isMeant(_ text: String) -> Bool { text.hasPrefix(firstLine + "\n") }

    /// The plan in the text of a file; nil if it is damaged.
    public init?(_ text: String) {
        guard ChangePlanFile.isMeant(text) else { return nil }
        var name: String?
        var version: Int64?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            if words[0] == "ensemble" { name = String(words[1]) }
            if words[0] == "made-for" {
                version = UInt64(words[1], radix: 16).map { Int64(bitPattern: $0) }
            }
        }
        guard let name, let version else { return nil }
        let wanted = EnsembleRecord.spec(text, name: name)
        guard !wanted.servers.isEmpty else { return nil }
        self.init(ensemble: name, madeFor: version, wanted: wanted)
    }

    /// The text of the file, with the steps of a plan as comments.
    public func text(_ plan: ChangePlan) -> String {
        let steps = plan.text(ensemble: ensemble).split(separator: "\n").map { "# \($0)\n" }
        return ChangePlanFile.firstLine + "\nensemble \(ensemble)\nmade-for "
            + "\(ChangePlan.hexadecimal(madeFor))\n" + steps.joined()
            + EnsembleRecord.text(of: wanted)
    }
}
