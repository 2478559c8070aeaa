import Mutants
import Records

// Synchronization: every learner gets our history before it counts for anything.

extension LearnerMaster {
    /// Sends what a learner lacks, then NEWLEADER; live proposals follow from here on.
    ///
    /// Nothing happens between choosing what to send and registering the learner, so no proposal
    /// and no commit falls between the two.
    mutating func synchronize(at index: Int, _ context: inout PeerContext) {
        var plan = SynchronizationPlan(
            for: learners[index].lastLogged, history: context.history,
            includesTail: !isEstablished,
            readsLog: mayReadLog(for: learners[index].server, context))
        if context.settings.sendsSnapshotsOnly {
            plan = .snapshot(context.history, !isEstablished)
        }
        guard hasRoom(for: plan, at: index, context) else {
            note("No room yet for another observer:", index, &context)
            return drop(learners[index].link, &context)
        }
        if case .readLog(let zxid) = plan.order {
            beginReadingLog(through: zxid, at: index, &context)
        } else {
            order(plan, at: index, &context)
            sendRest(plan.proposals, at: index, &context)
        }
    }

    /// Whether not too many others are on their way already: observers wait, voters never.
    private func hasRoom(
        for plan: SynchronizationPlan, at index: Int, _ context: PeerContext
    ) -> Bool {
        guard learners[index].kind == .observer else { return true }
        let isSnapshot = plan.order == .snapshot
        let others = learners.count {
            ($0.phase == .readingLog || $0.phase == .synchronizing)
                && $0.getsSnapshot == isSnapshot
        }
        return others
            < (isSnapshot
                ? context.settings.snapshotSynchronizationsMax
                : context.settings.differenceSynchronizationsMax)
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
            learners[index].getsSnapshot = true
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
        let offered =
            isEstablished || Mutant.proposedChangeNotOffered.isOn
            ? context.committed : context.lastSeen
        let text = Array(offered.text.utf8)
        let newLeader = QuorumPacket(.newLeader, zxid: epoch.start, data: text)
        if Mutant.newLeaderFirst.isOn { context.effects.send(link, newLeader) }
        sendCommitted(proposals, link, &context)
        if isEstablished, learners[index].kind == .follower {
            let tail = context.history.tail
            for place in 0..<tail.count {
                context.effects.send(link, tail[place].packet(.proposal))
            }
        }
        if !Mutant.newLeaderFirst.isOn { context.effects.send(link, newLeader) }
        learners[index].phase = .synchronizing
    }

    /// UPTODATE: everything that was committed is on the link before it.
    mutating func welcome(at index: Int, _ context: inout PeerContext) {
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
