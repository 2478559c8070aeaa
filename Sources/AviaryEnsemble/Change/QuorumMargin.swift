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
        let voters = members.voters
        guard members.isHierarchical else {
            count = voters.count
            needed = count / 2 + 1
            synced = voters.count { servers.contains($0) }
            mayFail = synced >= needed ? synced - needed : nil
            return
        }
        let groups = members.groups.sorted { $0.key < $1.key }.map { _, ids in
            ids.filter { members.isVoter($0) }.map { id in
                (weight: members.weights[id] ?? 1, isSynced: servers.contains(id))
            }
        }.filter { $0.contains { $0.weight > 0 } }
        let losses = groups.map(QuorumMargin.lossesToFall)
        count = groups.count
        needed = groups.count / 2 + 1
        synced = losses.count { $0 > 0 }
        let spare = synced - needed
        // The groups that fall soonest, one more than may fall.
        mayFail =
            spare < 0
            ? nil : losses.filter { $0 > 0 }.sorted().prefix(spare + 1).reduce(0, +) - 1
    }

    /// How few servers, when lost, take the majority of the weight from a group; 0 if it has none.
    private static func lossesToFall(_ group: [(weight: Int64, isSynced: Bool)]) -> Int {
        let half = group.reduce(0) { $0 + $1.weight } / 2
        var weight = group.reduce(0) { $0 + ($1.isSynced ? $1.weight : 0) }
        var losses = 0
        for each in group.filter(\.isSynced).sorted(by: { $0.weight > $1.weight })
        where weight > half {
            weight -= each.weight
            losses += 1
        }
        return losses
    }

    /// "2 of 3 needed, 3 in step, 1 may fail".
    public var text: String {
        let outlook = mayFail.map { "\($0) may fail" } ?? "no quorum"
        return "\(needed) of \(count) needed, \(synced) in step, \(outlook)"
    }
}
