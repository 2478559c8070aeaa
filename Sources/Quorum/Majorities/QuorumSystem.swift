import Mutants
import Records

/// Who counts, and how many of them are enough: plain majorities, or majorities of groups.
struct QuorumSystem {
    private enum Kind {
        case majority
        /// Each group with its voters and their weights.
        case hierarchy([Group])
    }

    private struct Group {
        var members: [(server: ServerID, weight: Int64)]
        var weight: Int64 { members.reduce(0) { $0 + $1.weight } }
    }

    /// The servers that vote, ascending.
    let voters: [ServerID]
    private let kind: Kind
    private let weights: [ServerID: Int64]

    init(_ membership: Membership) {
        self.voters = membership.voters
        self.weights = membership.weights
        guard membership.isHierarchical else {
            self.kind = .majority
            return
        }
        let voters = Set(membership.voters)
        let groups = membership.groups.sorted { $0.key < $1.key }.map { _, servers in
            Group(
                members: servers.filter { voters.contains($0) }.map {
                    ($0, membership.weights[$0] ?? 1)
                })
        }
        // A group without weight has no say.
        self.kind = .hierarchy(groups.filter { $0.weight > 0 })
    }

    /// Whether `servers` are a quorum; those that do not vote do not count.
    func contains(_ servers: Set<ServerID>) -> Bool {
        switch kind {
        case .majority:
            let count = voters.count { servers.contains($0) }
            if Mutant.halfIsQuorum.isOn { return count >= voters.count / 2 && count > 0 }
            if Mutant.strangersCount.isOn { return servers.count > voters.count / 2 }
            return count > voters.count / 2
        case .hierarchy(let groups):
            let won = groups.count { group in
                let weight = group.members.reduce(0) {
                    $0 + (servers.contains($1.server) ? $1.weight : 0)
                }
                return weight > group.weight / 2
            }
            return won > 0 && won > groups.count / 2
        }
    }

    /// What the vote of a server weighs; who weighs nothing is not preferred as a leader.
    func weight(of server: ServerID) -> Int64 { weights[server] ?? 1 }
}
