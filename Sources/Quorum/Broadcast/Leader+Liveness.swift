import Records

// Liveness: learners are pinged and given up when silent; a leader without a quorum steps down.

extension Leader {
    var nextDeadline: Int64? {
        if hasEnded { return nil }
        if let handOver { return min(nextPing, handOver.deadline) }
        if isEstablished { return nextPing }
        return min(nextPing, phaseDeadline, outvotedDeadline ?? .max)
    }

    mutating func hitDeadline(_ context: inout PeerContext) {
        if !isEstablished, context.now >= phaseDeadline {
            end("no quorum within the init limit")
            return
        }
        if let deadline = outvotedDeadline, context.now >= deadline {
            outvotedDeadline = nil
            if !isEstablished, !isBringingUpQuorum(context) {
                end("no quorum has come, and a voter would have a better leader")
                return
            }
        }
        giveUpHandOver(&context)
        guard !hasEnded, context.now >= nextPing else { return }
        nextPing = context.now + max(1, context.settings.tickTime / 2)
        dropSilentLearners(&context)
        if nextPingCounts, isEstablished, !isQuorum(fromPhase: .synchronized, context) {
            end("the followers are no quorum any more")
            return
        }
        nextPingCounts.toggle()
        for learner in learners where learner.isForwarding {
            context.effects.send(learner.link, .ping, lastProposed)
        }
    }

    /// Whether all that is missing is that a quorum has taken over our history, which may be long.
    private func isBringingUpQuorum(_ context: PeerContext) -> Bool {
        guard case .synchronizing = phase else { return false }
        return isQuorum(fromPhase: .promised, context)
    }

    /// Whether the followers that have come so far are a quorum with this server.
    private func isQuorum(
        fromPhase phase: LearnerConnection.Phase, _ context: PeerContext
    ) -> Bool {
        var servers: Set<ServerID> = [context.settings.myID]
        for learner in learners where learner.phase >= phase && learner.kind == .follower {
            servers.insert(learner.server)
        }
        return context.isQuorum(servers)
    }
}
