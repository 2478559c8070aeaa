import Mutants
import Records

// A reign is established when a quorum has our history.

extension Leader {
    /// ACK of NEWLEADER: the learner has our history on disk.
    mutating func receivedNewLeaderAcknowledgement(
        at index: Int, _ context: inout PeerContext
    ) {
        // A second one follows UPTODATE and says nothing new.
        guard learners[index].phase == .synchronizing else { return }
        learners[index].phase = .synchronized
        if isEstablished {
            welcome(at: index, &context)
        } else {
            establishIfPossible(&context)
        }
    }

    /// Establishes the reign once a quorum, we included, has our history on disk.
    ///
    /// It counts there whoever has it: by the next configuration an observer may be a voter.
    mutating func establishIfPossible(_ context: inout PeerContext) {
        guard case .synchronizing(let epoch) = phase else { return }
        var servers: Set<ServerID> = [context.settings.myID]
        for learner in learners where learner.isSynchronized {
            servers.insert(learner.server)
        }
        guard context.isQuorum(servers) || Mutant.establishedAlone.isOn else { return }
        phase = .broadcasting(epoch)
        // What we had logged is committed now, whoever proposed it.
        while let proposal = context.history.deliverFirst() {
            context.effects.addLocal(.deliver(proposal))
        }
        // A configuration that was carried over is in force: a quorum of it has our history.
        let place = context.quorumEndpoints(of: context.settings.myID)
        context.activate(context.lastSeen)
        guard context.committed.isVoter(context.settings.myID),
            context.quorumEndpoints(of: context.settings.myID) == place
        else {
            end("by the new configuration this server does not lead from here")
            return
        }
        context.change(to: .leading(epoch))
        for index in learners.indices where learners[index].phase == .synchronized {
            welcome(at: index, &context)
        }
    }
}
