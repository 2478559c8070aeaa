import Configuration
import Jute
import Records
import Tree

/// What a change of the configuration is checked against, on a leader.
struct MembershipState {
    /// In force.
    let committed: Membership
    /// Proposed at last; the same while no change is on its way.
    let lastSeen: Membership
    /// The fewest voters that a configuration may have.
    let voterCountMin: Int
    /// Whether enough voters of a configuration follow this leader that it could be in force.
    let canActivate: (Membership) -> Bool
    /// Lets another server lead with the next change; false if it could not.
    let handOver: (ServerID) -> Bool
    /// Takes what the error code alone does not say.
    let explain: (String) -> Void
}

extension Preparation {
    static let configurationPath: Path = "/zookeeper/config"
    /// Bytes of a change: what no ensemble needs would only keep the leader busy.
    private static let changeSizeMax = 1 << 16

    /// The transaction of a reconfig: all of the next configuration, its version the zxid.
    ///
    /// The first check that fails decides the error, in Apache ZooKeeper's order.
    func prepareReconfig(
        _ request: ReconfigRequest, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard reconfigEnabled else { throw .reconfigDisabled }
        guard let state = context.membership else { throw .unimplemented }
        guard state.lastSeen.version == state.committed.version else { throw .reconfigInProgress }
        guard request.version == -1 || request.version == state.lastSeen.version else {
            throw .badVersion
        }
        let size = [request.members, request.joining, request.leaving].reduce(0) {
            $0 + ($1?.bytes.count ?? 0)
        }
        guard size <= Preparation.changeSizeMax else {
            state.explain("reconfig: \(size) bytes are more than \(Preparation.changeSizeMax)")
            throw .badArguments
        }
        var next: Membership
        var successor: ServerID?
        do throws(MembershipProblem) {
            if let members = request.members, !members.bytes.isEmpty {
                let wanted = try MembershipReplacement(members.description)
                next = wanted.membership ?? state.lastSeen
                successor = wanted.leader
            } else {
                next = try state.lastSeen.changed(
                    joining: request.joining?.description, leaving: request.leaving?.description)
            }
        } catch {
            state.explain("reconfig: \(error.message)")
            throw .badArguments
        }
        if !severalAddressesEnabled, let member = next.members.first(where: { !$0.further.isEmpty })
        {
            state.explain("reconfig: server.\(member.id) \(Member.needsKey)")
            throw .badArguments
        }
        guard next.voters.count >= state.voterCountMin else {
            state.explain(
                "reconfig: \(next.voters.count) voters are fewer than \(state.voterCountMin)"
                    + (state.voterCountMin > 1 ? "; see standaloneEnabled" : ""))
            throw .badArguments
        }
        next.version = context.zxid.rawValue
        // Everybody reads it from its text, and some from what another has read.
        guard (try? Membership(text: Array(next.text.utf8))) == next else {
            state.explain("reconfig: no text says that configuration")
            throw .badArguments
        }
        guard state.canActivate(next) else { throw .newConfigNoQuorum }
        let znode = try existing(Preparation.configurationPath, context)
        try require(.write, on: znode, context)
        if let successor, !next.isVoter(successor) || !state.handOver(successor) {
            state.explain("reconfig: server \(successor) leads, or does not follow with a vote")
            throw .newConfigNoQuorum
        }
        return .reconfig(
            Preparation.configurationPath, data: Array(next.text.utf8), version: -1)
    }
}
