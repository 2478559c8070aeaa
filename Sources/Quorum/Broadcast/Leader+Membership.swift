import Jute
import Records

// Changes of the configuration: proposed like any write, committed by a quorum of both the old and
// the new one, in force from their own commit on.

extension Leader {
    /// Whether `membership` could be in force at once: enough of its voters follow us.
    func canActivate(_ membership: Membership, _ context: PeerContext) -> Bool {
        var servers: Set<ServerID> = [context.settings.myID]
        for learner in learners where learner.isSynchronized && learner.kind == .follower {
            servers.insert(learner.server)
        }
        return context.isQuorum(servers, of: membership)
    }

    /// The change is committed: it is in force here before its transaction is delivered, and
    /// everywhere with the packet that commits it.
    mutating func commitChange(_ proposal: Proposal, _ context: inout PeerContext) {
        let successor = successor(at: proposal.zxid, context)
        handOver = nil
        let place = context.committed.member(context.settings.myID)?.quorumEndpoints
        context.activate(context.lastSeen)
        context.effects.addLocal(.deliver(proposal))
        let activation = Activation(leader: successor)
        for learner in learners where learner.isForwarding {
            let packet =
                switch learner.kind {
                case .follower:
                    QuorumPacket(
                        .commitAndActivate, zxid: proposal.zxid, data: activation.bytes)
                case .observer:
                    QuorumPacket(
                        .informAndActivate, zxid: proposal.zxid,
                        data: activation.bytes + proposal.bytes)
                }
            context.effects.send(learner.link, packet)
        }
        answerSyncs(through: proposal.zxid, &context)
        // What is acknowledged already may be enough by the new configuration.
        hasNewAcknowledgements = true
        // Alone with a new address: learners have to find us there.
        let hasMoved = context.committed.member(context.settings.myID)?.quorumEndpoints != place
        if successor != context.settings.myID || hasMoved {
            succession = Succession(leader: successor, zxid: proposal.zxid)
            end("server \(successor) leads by the new configuration")
        }
    }

    /// Who leads by the proposed configuration: whom somebody has asked for, this server if it votes
    /// there at the same address, else the voter there that has acknowledged most.
    private func successor(at zxid: Zxid, _ context: PeerContext) -> ServerID {
        if let wanted = wantedSuccessor(at: zxid) { return wanted }
        let me = context.settings.myID
        if let member = context.lastSeen.member(me), member.role == .participant,
            member.quorumEndpoints == context.committed.member(me)?.quorumEndpoints
        {
            return me
        }
        let candidates = learners.filter {
            $0.isForwarding && $0.kind == .follower && $0.acknowledged >= zxid
                && context.lastSeen.isVoter($0.server)
        }
        let best = candidates.max {
            ($0.acknowledged, $0.server) < ($1.acknowledged, $1.server)
        }
        return best?.server ?? me
    }
}

/// What stands in COMMITANDACTIVATE, and before the transaction in INFORMANDACTIVATE: who leads by
/// the configuration that is now in force.
struct Activation {
    static let size = 8

    var leader: ServerID

    init(leader: ServerID) { self.leader = leader }

    /// Reads it from the beginning of a packet's data.
    init?(_ data: [UInt8]?) {
        guard let data else { return nil }
        var reader = JuteReader(data.rawSpan)
        guard let leader = try? reader.readInt64() else { return nil }
        self.leader = ServerID(leader)
    }

    var bytes: [UInt8] {
        var writer = JuteWriter(capacity: Activation.size)
        writer.writeInt64(leader.rawValue)
        return writer.copyBytes()
    }
}
