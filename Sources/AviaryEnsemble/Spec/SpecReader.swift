// Values of a spec out of nodes of YAML: every mistake is noted, and reading goes on.

internal import Configuration
internal import YAML

/// Takes values out of nodes and collects what is wrong with them.
struct SpecReader {
    var problems: [SpecProblem] = []

    mutating func note(
        _ message: String, at node: YAMLNode, severity: SpecProblem.Severity = .error
    ) {
        problems.append(
            SpecProblem(
                severity: severity, message: message, line: node.line, column: node.column))
    }

    /// The word that was probably meant, as the end of a message.
    static func hint(_ word: String, _ known: [String]) -> String {
        if let nearest = NearestWord.of(word, in: known) { return "; did you mean \(nearest)?" }
        return "; known: \(known.joined(separator: ", "))"
    }

    /// The values of a mapping by key; keys that mean nothing are noted.
    mutating func fields(_ node: YAMLNode, of what: String, known: [String]) -> [String: YAMLNode] {
        guard case .mapping(let entries) = node.content else {
            note("\(what) must be a mapping of keys to values", at: node)
            return [:]
        }
        var fields: [String: YAMLNode] = [:]
        for entry in entries {
            if known.contains(entry.key) {
                fields[entry.key] = entry.value
            } else {
                problems.append(
                    SpecProblem(
                        severity: .error,
                        message: "unknown key \(entry.key) in \(what)"
                            + Self.hint(entry.key, known),
                        line: entry.line, column: entry.column))
            }
        }
        return fields
    }

    mutating func integer(_ node: YAMLNode?, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        guard case .scalar(let text, isPlain: true) = node.content,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(text), range.contains(number)
        else {
            let isQuoted =
                if case .scalar(let text, isPlain: false) = node.content { Int(text) != nil } else {
                    false
                }
            let wanted =
                range.count == 1
                ? "\(range.lowerBound)"
                : "a number from \(range.lowerBound) to \(range.upperBound)"
            note("\(what) must be \(wanted)\(isQuoted ? ", without quotes" : "")", at: node)
            return nil
        }
        return number
    }

    /// Text of one line: it goes into files in which a line is a setting.
    mutating func text(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node else { return nil }
        guard case .scalar(let text, let isPlain) = node.content,
            !(isPlain && ["", "~", "null"].contains(text))
        else {
            note("\(what) must be text", at: node)
            return nil
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            note("\(what) must be one line, without control characters", at: node)
            return nil
        }
        return text
    }

    /// A word that another program is told, and takes for no option.
    mutating func word(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = token(node, what) else { return nil }
        guard !text.hasPrefix("-") else {
            note("\(what) must not begin with -", at: node)
            return nil
        }
        return text
    }

    /// Text that is not empty and has no blanks.
    mutating func token(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
            note("\(what) must not be empty or have blanks", at: node)
            return nil
        }
        return text
    }

    mutating func word(_ node: YAMLNode?, _ what: String, of words: [String]) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        guard words.contains(text) else {
            note("unknown \(what) \(text)" + Self.hint(text, words), at: node)
            return nil
        }
        return text
    }

    /// Where the spec has what a key of zoo.cfg says, if it has a place for it.
    ///
    /// Only from there do all members and the launcher know it.
    private static func place(of key: String) -> String? {
        switch key {
        case "dataDir", "dataLogDir": key
        case "clientPort": "ports: {client: PORT}"
        case "secureClientPort": "ports: {secureClient: PORT}"
        case "admin.serverPort": "ports: {admin: PORT}"
        case "metricsProvider.httpPort": "ports: {metrics: PORT}"
        case "peerType": "role"
        case "dynamicConfigFile": "id and host"
        default:
            key.hasPrefix("server.")
                ? "id and host"
                : key.hasPrefix("group.") ? "group" : key.hasPrefix("weight.") ? "weight" : nil
        }
    }

    /// Keys of zoo.cfg, for one server those that differ from the ensemble's (`common`).
    mutating func config(_ node: YAMLNode?, besides common: [ConfigEntry] = []) -> [ConfigEntry] {
        guard let node else { return [] }
        guard case .mapping(let entries) = node.content else {
            note("config must be a mapping of keys to values", at: node)
            return []
        }
        var result: [ConfigEntry] = []
        var places: [YAMLNode] = []
        for entry in entries {
            var complaint: String?
            if let place = SpecReader.place(of: entry.key) {
                complaint =
                    "\(entry.key) is written from the list of servers: say it there, as "
                    + place
            } else if !KnownKeys.isKnown(entry.key) || entry.key.contains(where: \.isNewline) {
                complaint = "unknown key \(entry.key) of zoo.cfg"
                if let nearest = KnownKeys.nearest(to: entry.key) {
                    complaint? += "; did you mean \(nearest)?"
                }
            }
            if let complaint {
                problems.append(
                    SpecProblem(
                        severity: .error, message: complaint, line: entry.line,
                        column: entry.column))
            } else if let value = text(entry.value, entry.key) {
                result.append(ConfigEntry(key: entry.key, value: value))
                places.append(entry.value)
            }
        }
        checkValues(result, at: places, besides: common)
        return result
    }

    /// What a server would refuse to start with is better said here, where it was written.
    private mutating func checkValues(
        _ entries: [ConfigEntry], at places: [YAMLNode], besides common: [ConfigEntry]
    ) {
        let before = ["dataDir=/data"] + common.map { "\($0.key)=\($0.value)" }
        let own = entries.map { "\($0.key)=\($0.value)" }
        let text = (before + own).joined(separator: "\n") + "\n"
        for problem in ServerConfiguration.parse(text, file: "").problems
        where problem.severity == .error {
            guard let line = problem.line, places.indices.contains(line - 1 - before.count) else {
                continue
            }
            note(problem.message, at: places[line - 1 - before.count])
        }
    }
}
