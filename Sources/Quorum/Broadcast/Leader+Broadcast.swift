import Mutants
import Records

// Broadcast: proposals go out in order, and commit in order once a quorum has them on disk.

extension Leader {
    /// The zxid of the next proposal.
    var nextZxid: Zxid { lastProposed.next }

    mutating func propose(_ proposal: Proposal, _ context: inout PeerContext) {
        guard isEstablished else { return }
        precondition(proposal.zxid == nextZxid, "a proposal out of turn")
        precondition(proposal.zxid.counter != UInt32.max, "the counter runs over into the epoch")
        lastProposed = proposal.zxid
        if let membership = proposal.membership { context.propose(membership) }
        context.history.append(proposal)
        context.effects.append(proposal)
        let bytes = proposal.packet(.proposal).encoded
        for index in learners.indices
        where learners[index].isForwarding && learners[index].kind == .follower {
            context.effects.send(learners[index].link, bytes)
            learners[index].proposed(proposal.zxid, now: context.now)
        }
    }

    /// Packets of a learner that gets live proposals.
    mutating func receivedWhileForwarding(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        learners[index].figures.packetsReceived += 1
        if packet.kind == .ack {
            receivedAcknowledgement(packet.zxid, at: index, &context)
            return
        }
        // Whatever else it may say, it has a reason to only once it serves clients.
        guard learners[index].phase == .serving else { return }
        switch packet.kind {
        case .ping:
            receivedPing(packet, at: index, &context)
        case .revalidate:
            receivedRevalidate(packet, at: index, &context)
        case .request:
            guard let request = try? ForwardedRequest(packet: packet) else {
                drop(learners[index].link, &context)
                return
            }
            learners[index].figures.requests += 1
            context.effects.addLocal(.forwarded(learners[index].link, request))
        default:
            // Newer servers may say more than we understand.
            break
        }
    }

    private mutating func receivedAcknowledgement(
        _ zxid: Zxid, at index: Int, _ context: inout PeerContext
    ) {
        if zxid.isEpochStart {
            guard zxid == epoch?.start else { return }
            receivedNewLeaderAcknowledgement(at: index, &context)
            return
        }
        // Older servers acknowledge before they acknowledge NEWLEADER, and what was committed long
        // ago; neither says anything wrong. What was never proposed says nothing at all.
        guard zxid.epoch == epoch, zxid <= lastProposed else { return }
        learners[index].acknowledged(through: zxid)
        hasNewAcknowledgements = true
    }

    /// What we appended ourselves is durable: that is our own acknowledgement.
    mutating func logged(_ context: inout PeerContext) {
        hasNewAcknowledgements = true
        evaluateAcknowledgements(&context)
    }

    /// Commits all that a quorum has on disk.
    mutating func evaluateAcknowledgements(_ context: inout PeerContext) {
        guard hasNewAcknowledgements else { return }
        hasNewAcknowledgements = false
        // A change of the configuration changes what a quorum is for what comes after it.
        while isEstablished, let zxid = held(committable(context), context) {
            commit(through: zxid, &context)
        }
    }

    /// How far a quorum of whatever governs has the log on disk; nil if no further than before.
    private func committable(_ context: PeerContext) -> Zxid? {
        guard let first = context.history.tail.first?.zxid else { return nil }
        let own =
            Mutant.leaderCountsUnsynced.isOn ? context.history.lastLogged : context.history.durable
        var marks = [(server: context.settings.myID, zxid: own)]
        for learner in learners where learner.isForwarding && learner.kind == .follower {
            marks.append((learner.server, learner.acknowledged))
        }
        // The largest mark at which those at or above it are a quorum.
        marks.sort { $0.zxid > $1.zxid }
        var servers: Set<ServerID> = []
        var beforeChange: Zxid?
        for mark in marks {
            guard mark.zxid >= first else { break }
            servers.insert(mark.server)
            if context.isQuorum(servers) {
                return beforeChange.map { max($0, mark.zxid) } ?? mark.zxid
            }
            // What was proposed before a change needs a quorum of the present only.
            if beforeChange == nil, let change = context.pendingChange,
                context.isQuorum(servers, of: context.committed)
            {
                beforeChange = min(mark.zxid, Zxid(change.rawValue - 1))
            }
        }
        return beforeChange.flatMap { $0 >= first ? $0 : nil }
    }

    /// Commits up to `zxid`, or to a change of the configuration on the way there.
    private mutating func commit(through zxid: Zxid, _ context: inout PeerContext) {
        while let first = context.history.tail.first, first.zxid <= zxid {
            guard let proposal = context.history.deliverFirst() else { return }
            if proposal.zxid == context.pendingChange {
                commitChange(proposal, &context)
                return
            }
            context.effects.addLocal(.deliver(proposal))
            let commit = QuorumPacket(.commit, zxid: proposal.zxid).encoded
            var inform: [UInt8]?
            for index in learners.indices where learners[index].isForwarding {
                let learner = learners[index]
                switch learner.kind {
                case .follower:
                    context.effects.send(learner.link, commit)
                case .observer:
                    let bytes = inform ?? proposal.packet(.inform).encoded
                    inform = bytes
                    learners[index].figures.packetsSent += 1
                    learners[index].figures.lastZxid = proposal.zxid
                    context.effects.send(learner.link, bytes)
                }
            }
            answerSyncs(through: proposal.zxid, &context)
        }
    }

    // MARK: Sync

    /// Answers a learner's sync, behind everything that is proposed now.
    mutating func answerSync(_ link: LinkID, _ context: inout PeerContext) {
        guard learners.contains(where: { $0.link == link && $0.isForwarding }) else { return }
        if context.history.tail.isEmpty {
            context.effects.send(link, .sync, .zero)
        } else {
            waitingSyncs.append((lastProposed, link))
        }
    }

    mutating func answerSyncs(through zxid: Zxid, _ context: inout PeerContext) {
        while let first = waitingSyncs.first, first.zxid <= zxid {
            context.effects.send(first.link, .sync, .zero)
            waitingSyncs.removeFirst()
        }
    }

    // MARK: Sessions

    private mutating func receivedPing(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        guard let touches = packet.touches else { return drop(learners[index].link, &context) }
        if touches.isEmpty { return }
        context.effects.addLocal(.sessionsTouched(learners[index].link, touches))
    }

    private mutating func receivedRevalidate(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        guard let asked = packet.revalidation else {
            return drop(learners[index].link, &context)
        }
        context.effects.addLocal(
            .revalidateAsked(learners[index].link, asked.session, timeout: asked.timeout))
    }

    /// Tells a learner whether a session may move to it.
    mutating func answerRevalidate(
        _ link: LinkID, _ session: SessionID, isValid: Bool, _ context: inout PeerContext
    ) {
        guard learners.contains(where: { $0.link == link && $0.isForwarding }) else { return }
        context.effects.send(link, QuorumPacket(session, isValid: isValid))
    }
}
