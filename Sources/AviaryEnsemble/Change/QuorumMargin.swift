public import Records

/// How many participants are in step, how many are needed, and so how many may fail.
public struct QuorumMargin: Equatable, Sendable {
    /// Participants, or groups where there are some.
    public let count: Int
    /// How many of them are needed.
    public let needed: Int
    /// How many of them are in step with the leader.
    public let synced: Int
    /// How many more servers may fail, whichever they are; nil without a quorum.
    public let mayFail: Int?

    /// The margin of a configuration while these servers are in step.
    public init(_ members: Membership, synced servers: Set<ServerID>) {
        var groups: [ServerID: Int] = [:]
        for (number, servers) in members.groups {
            for server in servers { groups[server] = Int(number) }
        }
        let arithmetic = QuorumArithmetic(
            members.voters.map { id in
                QuorumArithmetic.Voter(
                    group: groups[id], weight: Int(members.weights[id] ?? 1),
                    isServing: servers.contains(id))
            })
        count = arithmetic.count
        needed = arithmetic.needed
        synced = arithmetic.serving
        mayFail = arithmetic.mayFail
    }

    /// "1 may fail", or "no quorum".
    public var outlook: String { mayFail.map { "\($0) may fail" } ?? "no quorum" }

    /// "2 of 3 needed, 3 in step, 1 may fail".
    public var text: String { "\(needed) of \(count) needed, \(synced) in step, \(outlook)" }
}
