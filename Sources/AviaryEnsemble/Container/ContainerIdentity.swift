// Which of the servers a container is. A wrong answer is worse than none: two servers with one id
// vote twice, and a server on another's data forgets what it has promised.

internal import Configuration
internal import Jute
internal import Records

/// What is known about a container's own id.
struct ContainerIdentity {
    /// The id that the environment names, and where.
    var named: (id: Int, source: String)?
    /// The container's host name.
    var hostName: String
    /// The path of `myid` on the data volume, and what it says.
    var file: String
    /// The id in that file.
    var stored: Int?

    /// The id, or nil for a server alone that needs none.
    func decide(
        among members: [Member], isAlone: Bool
    ) throws(ContainerProblems) -> (id: Int, reason: String)? {
        let ids = members.map { Int($0.id.rawValue) }
        let found = named ?? (isAlone ? nil : derived(among: members))
        if let found, let stored, found.id != stored {
            throw ContainerProblems(
                "this is server \(found.id) by \(found.source), but the data volume belongs to "
                    + "server \(stored) by \(file). Give server \(found.id) its own volume, or set "
                    + "ZOO_MY_ID=\(stored) if this is server \(stored)")
        }
        if let found, !ids.isEmpty, !isAlone, !ids.contains(found.id) {
            throw ContainerProblems(
                "this is server \(found.id) by \(found.source), which is not among the servers "
                    + "(\(list(ids))). Add server.\(found.id)=HOST:2888:3888;2181, or correct the id"
            )
        }
        if let found { return (found.id, found.source) }
        if let stored { return (stored, file) }
        if isAlone { return ids.first.map { ($0, "the only server there is") } }
        throw ContainerProblems(
            "which of the servers \(list(ids)) this is is not known: set ZOO_MY_ID to one of them, "
                + "another in every container. (The host name, \(hostName), is none of theirs and "
                + "has no ordinal such as zk-0)")
    }

    private func list(_ ids: [Int]) -> String { ids.map(String.init).joined(separator: ", ") }

    /// The id of the one server whose host is this one, else by the ordinal of the host name.
    func derived(among members: [Member]) -> (id: Int, source: String)? {
        let name = hostName.lowercased()
        guard !name.isEmpty else { return nil }
        let matching = members.filter { member in
            let host = member.quorum.host.description.lowercased()
            return host == name || host.hasPrefix(name + ".") || name.hasPrefix(host + ".")
        }
        if matching.count == 1, let member = matching.first {
            return (Int(member.id.rawValue), "the host name \(hostName)")
        }
        guard let ordinal = ContainerIdentity.ordinal(of: name),
            members.contains(where: { Int($0.id.rawValue) == ordinal + 1 })
        else { return nil }
        return (ordinal + 1, "the ordinal of the host name \(hostName)")
    }
    /// The number at the end of a host name such as `zk-0`.
    static func ordinal(of hostName: String) -> Int? {
        let label = hostName.split(separator: ".").first ?? ""
        guard let dash = label.lastIndex(of: "-"),
            let ordinal = ContainerServers.number(
                of: String(label[label.index(after: dash)...]), after: ""),
            ordinal < 255
        else { return nil }
        return ordinal
    }
}
