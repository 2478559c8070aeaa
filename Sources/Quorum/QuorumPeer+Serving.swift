public import Records

// What a peer hears from its replica while it serves clients.

extension QuorumPeer {
    // MARK: While leading

    /// The zxid that the next proposal must have; `mutating` as `nextDeadline` is.
    public var nextZxid: Zxid {
        mutating get { leader?.nextZxid ?? .zero }
    }

    /// Proposes the next transaction; its zxid must be `nextZxid`.
    ///
    /// Ignored when not leading: the effects then hold a `roleChanged` that says so.
    public mutating func propose(_ proposal: Proposal, now: Int64) {
        context.now = now
        leader?.propose(proposal, &context)
        settle()
    }

    /// Ends the reign, whatever its quorum thinks; the next begins a new epoch.
    public mutating func endReign(_ reason: String, now: Int64) {
        context.now = now
        leader?.end(reason)
        settle()
    }

    /// Whether enough voters of `membership` follow us that it could be in force at once.
    public func canActivate(_ membership: Membership) -> Bool {
        leader?.canActivate(membership, context) ?? false
    }

    /// The next proposal, which must change the configuration, lets `server` lead; false if it could
    /// not.
    public mutating func handOver(to server: ServerID, now: Int64) -> Bool {
        context.now = now
        guard leader?.canSucceed(server, context) ?? false else { return false }
        leader?.handOver(to: server, context)
        return true
    }

    /// Answers `revalidateAsked`.
    public mutating func answerRevalidate(
        _ link: LinkID, _ session: SessionID, isValid: Bool
    ) {
        leader?.answerRevalidate(link, session, isValid: isValid, &context)
    }

    /// Answers a forwarded sync once everything proposed until now is committed.
    public mutating func answerSync(_ link: LinkID) {
        leader?.answerSync(link, &context)
    }

    // MARK: While following or observing

    /// Sends a client's write or sync to the leader; ignored when there is none.
    public mutating func forward(_ request: ForwardedRequest) {
        learner?.forward(request, &context)
    }

    /// A client was active: the leader hears of it with the next ping.
    public mutating func touch(_ session: SessionID, timeout: Int32) {
        learner?.touch(session, timeout: timeout)
    }

    /// Asks the leader whether a session may move to this server.
    public mutating func revalidate(_ session: SessionID, timeout: Int32) {
        learner?.revalidate(session, timeout: timeout, &context)
    }

    /// A session's end is committed.
    public mutating func sessionEnded(_ session: SessionID) { learner?.places.ended(session) }

    // MARK: To look at

    /// The last proposal in the log, committed or not.
    public var lastLogged: Zxid { context.history.lastLogged }

    /// The state for four letter words and metrics.
    public var status: QuorumStatus {
        var status = QuorumStatus(
            role: context.role, phase: phase, leader: nil,
            acceptedEpoch: context.history.acceptedEpoch,
            currentEpoch: context.history.currentEpoch, lastLogged: context.history.lastLogged,
            lastCommitted: context.history.delivered, syncedFollowers: 0,
            syncedNonVotingFollowers: 0, syncedObservers: 0, pendingLearners: 0,
            outstandingProposals: 0)
        if let learner {
            status.leader = learner.leader
            status.master = learner.master
            status.syncedObservers = learner.observers?.learners.count(where: \.isSynchronized) ?? 0
        }
        guard let leader else { return status }
        status.leader = settings.myID
        status.pendingSyncs = leader.waitingSyncs.count
        status.outstandingProposals = leader.isEstablished ? context.history.tail.count : 0
        for learner in leader.learners {
            switch learner.kind {
            case _ where !learner.isSynchronized: status.pendingLearners += 1
            case .observer: status.syncedObservers += 1
            case .follower where context.committed.isVoter(learner.server):
                status.syncedFollowers += 1
            case .follower: status.syncedNonVotingFollowers += 1
            }
        }
        return status
    }

    private var phase: QuorumStatus.Phase {
        switch leader?.phase {
        case .discovering, .offering: return .discovery
        case .synchronizing: return .synchronization
        case .broadcasting: return .broadcast
        case .ended, nil: break
        }
        switch learner?.phase {
        case .dialing, .introduced: return .discovery
        case .promised, .receivingSnapshot, .loading, .synchronizing, .synchronized:
            return .synchronization
        case .serving: return .broadcast
        case .ended, nil: return .election
        }
    }
}
