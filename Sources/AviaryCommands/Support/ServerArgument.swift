import ArgumentParser
import AviaryEnsemble

/// The id of a server; or a spec, by whoever has servers that somebody else starts and types what he
/// types elsewhere.
enum ServerArgument: ExpressibleByArgument {
    case id(Int)
    case spec(String)

    init?(argument: String) {
        if let id = Int(argument) {
            self = .id(id)
        } else if argument.hasSuffix(".yaml") || argument.hasSuffix(".yml") {
            self = .spec(argument)
        } else {
            return nil
        }
    }
}

extension [ServerArgument] {
    /// The ids, if there are only ids.
    ///
    /// - Throws: what to do with a spec instead.
    func ids(for verb: String) throws -> [Int] {
        try map { argument in
            switch argument {
            case .id(let id): return id
            case .spec(let path): throw try SpecFile.refusal(path, for: verb)
            }
        }
    }
}

extension SpecFile {
    /// Why a verb that edits what the launcher keeps takes no spec, and what to type.
    static func refusal(_ path: String, for verb: String) throws -> Complaint {
        let spec = try read(path)
        guard spec.runtime == "external" else {
            return Complaint(
                "\(verb) takes the name of an ensemble and no spec: add --ensemble \(spec.name) and "
                    + "leave \(path) out; 'aviary apply \(path)' does what the spec says", .misused)
        }
        return Complaint(
            "somebody else starts the servers of \(spec.name), so where they are only the spec can "
                + "say: edit 'servers' in \(path). Then 'aviary plan \(path)' shows the steps, and "
                + "'aviary apply \(path) --credential FILE' takes them", .misused)
    }
}
