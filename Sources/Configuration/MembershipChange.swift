import Jute
public import Records

// The next configuration, as a reconfig request describes it: by who joins and who leaves, or by
// all of its members.

extension Membership {
    /// This configuration without those who leave and with those who join.
    ///
    /// `leaving`: ids separated by commas; unknown ones change nothing. `joining`: entries
    /// `server.N=host:quorum:election[:role];[host:]client`, or `N=…`, separated by commas; a
    /// member with the same id is replaced.
    ///
    /// - Throws: what is wrong with the request.
    public func changed(
        joining: String?, leaving: String?
    ) throws(MembershipProblem) -> Membership {
        guard !isHierarchical else {
            throw MembershipProblem("with groups or weights can only be replaced as a whole")
        }
        var next = self
        for item in Membership.items(leaving) {
            guard let id = Int64(item) else {
                throw MembershipProblem("\"\(item)\" is no server's number")
            }
            next.members.removeAll { $0.id == ServerID(id) }
        }
        for item in Membership.items(joining) {
            let member = try Membership.joiner(item)
            next.members.removeAll { $0.id == member.id }
            if let other = next.members.first(where: { $0.sharesAddress(with: member) }) {
                throw MembershipProblem(
                    "server.\(member.id) has an address that server.\(other.id) has too")
            }
            next.members.append(member)
        }
        next.members.sort { $0.id < $1.id }
        return next
    }

    /// A configuration from all of its lines, separated by commas or newlines.
    ///
    /// - Throws: what is wrong with the request.
    public init(replacement text: String) throws(MembershipProblem) {
        let lines = text.split { $0 == "," || $0 == "\n" }.map { String($0).trimmed }
        let file = PropertiesFile(lines.joined(separator: "\n"))
        if let entry = file.entries.first(where: { !Membership.isKey($0.key) }) {
            guard entry.key == "version" else {
                throw MembershipProblem("\(entry.key) does not belong into a configuration")
            }
        }
        try self.init(version: 0, entries: file.entries)
    }

    private static func items(_ list: String?) -> [String] {
        (list ?? "").split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    private static func joiner(_ item: String) throws(MembershipProblem) -> Member {
        let halves = item.split(separator: "=", omittingEmptySubsequences: false)
        guard halves.count == 2, let number = halves[0].split(separator: ".").last,
            let id = Int64(String(number).trimmed), id >= 0
        else {
            throw MembershipProblem(
                "\"\(item)\" must be server.N=host:quorumPort:electionPort[:role];clientPort")
        }
        let member = try Member(id: ServerID(id), parsing: String(halves[1]))
        guard member.client != nil else {
            throw MembershipProblem(
                "\"\(item)\" has no client port: a server that joins needs all three")
        }
        return member
    }
}

/// What a reconfig request says that names all members at once, or who is to lead, or both.
///
/// `leader=N` among the lines is ours: Apache ZooKeeper's leaders choose their successors, and refuse
/// the line as they refuse any that is none of the configuration.
public struct MembershipReplacement: Equatable, Sendable {
    /// All members; nil if only the leader is to be another.
    public var membership: Membership?
    /// Who is to lead as soon as the change is in force.
    public var leader: ServerID?

    /// Reads lines that are separated by commas or newlines.
    public init(_ text: String) throws(MembershipProblem) {
        var lines = text.split { $0 == "," || $0 == "\n" }.map { String($0).trimmed }
        if let place = lines.firstIndex(where: { $0.hasPrefix("leader=") }) {
            let number = String(lines.remove(at: place).dropFirst("leader=".count)).trimmed
            guard let id = Int64(number), id >= 0 else {
                throw MembershipProblem("leader=\(number) is no server's number")
            }
            leader = ServerID(id)
        }
        if leader == nil || lines.contains(where: { !$0.isEmpty }) {
            membership = try Membership(replacement: lines.joined(separator: "\n"))
        }
    }
}

extension Member {
    /// What is wrong with a line of several addresses where they are not allowed.
    public static let needsKey = "lists several addresses, which needs multiAddress.enabled=true"

    /// Whether both would have to listen at one place; wildcard addresses say nothing.
    func sharesAddress(with other: Member) -> Bool {
        !Set(places).isDisjoint(with: other.places)
    }

    private var places: [Endpoint] {
        (quorumEndpoints + electionEndpoints + [client].compactMap { $0 }).filter {
            !["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains($0.host.description)
        }
    }
}
