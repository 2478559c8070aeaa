import Mutants
import Records

// Changes of the configuration, as a learner sees them: the leader says when one is in force and
// who leads from then on, and the learner goes there without an election.

extension Learner {
    /// A commit that puts a configuration in force: before its transaction is delivered.
    mutating func receivedActivation(
        _ zxid: Zxid, _ activation: Activation?, _ context: inout PeerContext
    ) {
        if hasEnded || zxid <= context.history.delivered { return }
        guard let activation, context.history.tail.first?.zxid == zxid,
            let proposal = context.history.deliverFirst()
        else {
            end("an activation of \(zxid) after \(context.history.delivered)")
            return
        }
        if let membership = proposal.membership { context.activate(membership) }
        context.effects.addLocal(.deliver(proposal))
        observers?.committed(proposal, activation, &context)
        if activation.leader != leader || context.isObserver != isObserver {
            succession = Succession(leader: activation.leader, zxid: zxid)
            end("server \(activation.leader) leads by the new configuration")
        }
    }

    /// The last committed of `pending` has put its configuration in force.
    mutating func noteActivation() {
        guard pendingCommitted > 0, !Mutant.activationMissed.isOn,
            let membership = pending[pendingCommitted - 1].membership,
            membership.version > activatedMembership?.version ?? -1
        else { return }
        activatedMembership = membership
    }

    /// UPTODATE: the configuration of the leader is in force, if it belongs to its history.
    ///
    /// One that was only proposed when the history was offered has its own commit to come.
    mutating func activateOffered(_ epoch: Epoch, _ context: inout PeerContext) {
        let known = [activatedMembership, offeredMembership].compactMap { $0 }.filter {
            Zxid($0.version) <= max(epoch.start, context.history.delivered)
        }
        guard let membership = known.max(by: { $0.version < $1.version }) else { return }
        let formerPlace = context.quorumEndpoints(of: leader)
        context.activate(membership)
        guard context.quorumEndpoints(of: leader) == formerPlace else {
            end("the leader is elsewhere by the new configuration")
            return
        }
        if context.isObserver != isObserver {
            succession = Succession(leader: leader, zxid: Zxid(membership.version))
            end("this server has another role by the new configuration")
        }
    }
}
