// A spec of what is there already: of an ensemble that runs, or of the files that it runs from.

internal import Configuration
internal import Jute
internal import Records

/// A spec that describes an existing ensemble, and what could not be said in it.
public struct EnsembleImport: Equatable, Sendable {
    /// The spec; its runtime is external, but for a single server that stands alone.
    public var spec: EnsembleSpec
    /// For the user, one a line.
    public var notes: [String]

    init(spec: EnsembleSpec, notes: [String] = []) {
        self.spec = spec
        self.notes = notes
    }

    /// The servers of a membership, with what only they themselves know.
    ///
    /// - Throws: if nobody knows where clients find one of them.
    static func servers(
        _ membership: Membership, clientPort: (Member) throws(EnsembleError) -> Int
    ) throws(EnsembleError) -> [ServerSpec] {
        var servers: [ServerSpec] = []
        for member in membership.members {
            guard member.further.isEmpty else {
                throw EnsembleError(
                    .wrong,
                    "server.\(member.id) has several addresses, and a spec has one for each server")
            }
            var client = member.client.map { Int($0.port) }
            if client == nil { client = try clientPort(member) }
            let id = Int(member.id.rawValue)
            var server = ServerSpec(
                id: id, host: member.quorum.host.description,
                isObserver: member.role == .observer,
                ports: Ports(
                    client: client ?? 0, quorum: Int(member.quorum.port),
                    election: Int(member.election.port)),
                arePortsChosen: true,
                group: membership.groups.first { $0.value.contains(member.id) }
                    .map { Int($0.key) },
                weight: membership.weights[member.id].map { Int($0) })
            if let client = member.client, !client.isWildcard, client.host != member.quorum.host {
                server.clientHost = client.host.description
            }
            servers.append(server)
        }
        return servers
    }

    /// The same import, if its text can be read again.
    ///
    /// - Throws: what a spec cannot express.
    func checked() throws(EnsembleError) -> EnsembleImport {
        let (read, problems) = SpecParser.parse(
            spec.yaml, file: "the import", defaultName: spec.name)
        var result = self
        result.notes += problems.filter { $0.severity == .warning }.map(\.message)
        guard read == nil else { return result }
        let mistakes = problems.filter { $0.severity == .error }.map { "  \($0.message)" }
        throw EnsembleError(
            .wrong,
            "what is there cannot be said in a spec:\n" + mistakes.joined(separator: "\n")
                + "\n'aviary schema' prints what can")
    }
}
