import Records

// Liveness: learners are pinged and given up when silent; a leader without a quorum steps down.

extension Leader {
    var nextDeadline: Int64? {
        if hasEnded { return nil }
        if let handOver { return min(nextPing, handOver.deadline) }
        return isEstablished ? nextPing : min(nextPing, phaseDeadline)
    }

    mutating func hitDeadline(_ context: inout PeerContext) {
        if !isEstablished, context.now >= phaseDeadline {
            end("no quorum within the init limit")
            return
        }
        giveUpHandOver(&context)
        guard !hasEnded, context.now >= nextPing else { return }
        nextPing = context.now + max(1, context.settings.tickTime / 2)
        dropSilentLearners(&context)
        if nextPingCounts, isEstablished, !hasQuorum(context) {
            end("the followers are no quorum any more")
            return
        }
        nextPingCounts.toggle()
        for learner in learners where learner.isForwarding {
            context.effects.send(learner.link, .ping, lastProposed)
        }
    }

    /// Learners that are heard too rarely, or that answer but do not get on with the proposals.
    private mutating func dropSilentLearners(_ context: inout PeerContext) {
        let late = learners.filter { learner in
            let silence = learner.phase == .serving ? context.syncTime : context.initTime
            if context.now - learner.lastHeard > silence { return true }
            guard let since = learner.lagsSince else { return false }
            return context.now - since > context.syncTime
        }
        for learner in late { drop(learner.link, &context) }
    }

    private func hasQuorum(_ context: PeerContext) -> Bool {
        var servers: Set<ServerID> = [context.settings.myID]
        for learner in learners where learner.isSynchronized && learner.kind == .follower {
            servers.insert(learner.server)
        }
        return context.isQuorum(servers)
    }
}
