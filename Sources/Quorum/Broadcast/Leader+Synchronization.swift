import Mutants
import Records

// Synchronization: every learner gets our history before it counts for anything, and a quorum of
// them makes it the ensemble's.

extension Leader {
    /// Sends what a learner lacks, then NEWLEADER; live proposals follow from here on.
    ///
    /// Nothing happens between choosing what to send and registering the learner, so no proposal
    /// and no commit falls between the two.
    mutating func synchronize(at index: Int, _ context: inout PeerContext) {
        let plan = SynchronizationPlan(
            for: learners[index].lastLogged, history: context.history,
            includesTail: !isEstablished,
            readsLog: mayReadLog(for: learners[index].server, context))
        if case .readLog(let zxid) = plan.order {
            beginReadingLog(through: zxid, at: index, &context)
        } else {
            order(plan, at: index, &context)
            sendRest(plan.proposals, at: index, &context)
        }
    }

    /// Tells a learner how it is going to be synchronized.
    mutating func order(
        _ plan: SynchronizationPlan, at index: Int, _ context: inout PeerContext
    ) {
        let link = learners[index].link
        switch plan.order {
        case .diff(let zxid):
            note("Sending DIFF up to \(zxid), \(plan.proposals.count) from memory", index, &context)
            context.effects.send(link, .diff, zxid)
        case .truncate(let zxid):
            note("Sending TRUNC to \(zxid)", index, &context)
            context.effects.send(link, .truncate, zxid)
        case .snapshot, .readLog:
            let zxid = context.history.delivered
            note("Sending snapshot at \(zxid)", index, &context)
            snapshotReceivers.remove(learners[index].server)
            context.effects.send(link, .snapshot, zxid)
            context.effects.add(.sendSnapshot(link, zxid: zxid))
        }
    }

    /// Tells people how a learner is synchronized.
    func note(_ what: String, _ index: Int, _ context: inout PeerContext) {
        let learner = learners[index]
        context.note("\(what) to server \(learner.server), which has \(learner.lastLogged)")
    }

    /// Sends history as committed.
    func sendCommitted(_ proposals: [Proposal], _ link: LinkID, _ context: inout PeerContext) {
        for proposal in proposals {
            context.effects.send(link, proposal.packet(.proposal))
            context.effects.send(link, .commit, proposal.zxid)
        }
    }

    /// Sends the end of our history and NEWLEADER, and registers the learner.
    mutating func sendRest(
        _ proposals: [Proposal], at index: Int, _ context: inout PeerContext
    ) {
        guard let epoch else { return }
        let link = learners[index].link
        sendCommitted(proposals, link, &context)
        if isEstablished, learners[index].kind == .follower {
            let tail = context.history.tail
            for place in 0..<tail.count {
                context.effects.send(link, tail[place].packet(.proposal))
            }
        }
        let offered = isEstablished ? context.committed : context.lastSeen
        let text = Array(offered.text.utf8)
        context.effects.send(link, QuorumPacket(.newLeader, zxid: epoch.start, data: text))
        learners[index].phase = .synchronizing
    }

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
        let place = context.quorumEndpoint(of: context.settings.myID)
        context.activate(context.lastSeen)
        guard context.committed.isVoter(context.settings.myID),
            context.committed.member(context.settings.myID)?.quorum == place
        else {
            end("by the new configuration this server does not lead from here")
            return
        }
        context.change(to: .leading(epoch))
        for index in learners.indices where learners[index].phase == .synchronized {
            welcome(at: index, &context)
        }
    }

    /// UPTODATE: everything that was committed is on the link before it.
    private mutating func welcome(at index: Int, _ context: inout PeerContext) {
        context.effects.send(learners[index].link, .upToDate, .none)
        learners[index].phase = .serving
        // It may have waited long for the quorum; its silence counts from now.
        learners[index].lastHeard = context.now
    }
}

extension Proposal {
    /// The proposal as PROPOSAL or INFORM.
    func packet(_ kind: QuorumPacket.Kind) -> QuorumPacket {
        QuorumPacket(kind, zxid: zxid, data: bytes)
    }
}
