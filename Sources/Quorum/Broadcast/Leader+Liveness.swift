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

    private func hasQuorum(_ context: PeerContext) -> Bool {
        var servers: Set<ServerID> = [context.settings.myID]
        for learner in learners where learner.isSynchronized && learner.kind == .follower {
            servers.insert(learner.server)
        }
        return context.isQuorum(servers)
    }
}
