import Configuration
import Jute
import Mutants
import Records

// Synchronization: from the leader's first order to UPTODATE. The sequence at NEWLEADER is what
// the safety of the whole protocol hangs on: history on disk, then the epoch, then the ACK.

extension Learner {
    /// The first packet after our promise: keep everything, keep some, or start from a snapshot.
    mutating func receivedOrder(
        _ packet: QuorumPacket, _ epoch: Epoch, _ context: inout PeerContext
    ) {
        guard packet.kind == .snapshot || wholeDatabaseWanted != epoch else {
            end("the leader does not send the snapshot it was asked for")
            return
        }
        switch packet.kind {
        case .diff:
            guard context.history.hasDatabase else {
                end("the leader offers a difference to a server without a database")
                return
            }
            if Mutant.formerTailForgotten.isOn {
                while context.history.deliverFirst() != nil {}
            }
            context.note("Getting a diff from the leader, up to \(packet.zxid)")
            phase = .synchronizing(epoch)
        case .truncate:
            guard packet.zxid >= .zero, packet.zxid <= context.history.lastLogged else {
                end("the leader truncates where there is nothing")
                return
            }
            if Mutant.truncationIgnored.isOn {
                phase = .synchronizing(epoch)
                return
            }
            context.warn(
                "Truncating log to get in sync with the leader: what is logged here after"
                    + " \(packet.zxid), up to \(context.history.lastLogged), it does not have")
            phase = .loading(epoch)
            truncationTarget = packet.zxid
            context.effects.add(.truncateLog(to: packet.zxid))
        case .snapshot:
            guard packet.zxid >= .zero else {
                end("the leader's snapshot has no place in history")
                return
            }
            context.note("Getting a snapshot from leader, at \(packet.zxid)")
            phase = .receivingSnapshot(epoch)
            snapshot = SnapshotStream(zxid: packet.zxid)
        default:
            end("the leader did not say how to synchronize")
        }
    }

    // MARK: The database changes

    /// Feeds what has come to the snapshot; false when it needs more.
    mutating func receiveSnapshot(_ epoch: Epoch, _ context: inout PeerContext) -> Bool {
        guard stream.count > 0, snapshot != nil else { return false }
        do {
            guard
                let rest = try snapshot?.append(
                    stream.takeAll(), sizeMax: context.settings.snapshotSizeMax)
            else { return false }
            stream.append(rest.rawSpan)
        } catch {
            end("the leader's snapshot cannot be read")
            return false
        }
        guard let complete = snapshot else { return false }
        phase = .loading(epoch)
        context.effects.add(.loadSnapshot(complete.takeBytes(), zxid: complete.zxid))
        // From here until it is saved, memory is not what the disk holds.
        mustSaveSnapshot = true
        return true
    }

    mutating func snapshotLoaded(_ succeeded: Bool, _ context: inout PeerContext) {
        guard case .loading(let epoch) = phase, let zxid = snapshot?.zxid else { return }
        snapshot = nil
        guard succeeded else {
            end("the leader's snapshot holds no database")
            return
        }
        context.history.replace(at: zxid)
        lastHeard = context.now
        phase = .synchronizing(epoch)
        process(&context)
    }

    /// The log is cut; `context.history` is what the disk holds now.
    mutating func truncated(_ context: inout PeerContext) {
        guard case .loading(let epoch) = phase, let target = truncationTarget else { return }
        truncationTarget = nil
        guard context.history.lastLogged == target else {
            end("the log was cut after \(target) and ends at \(context.history.lastLogged)")
            return
        }
        lastHeard = context.now
        phase = .synchronizing(epoch)
        process(&context)
    }

    /// The log cannot be cut there; the same leader is asked for its whole database instead.
    ///
    /// No snapshot is that old, or the log never held that transaction. Nothing on disk changes
    /// before the leader's database is saved, so until then this server votes with what it has. It
    /// dials again without an election: the leader may need this very server for its quorum.
    mutating func truncationRefused(_ context: inout PeerContext) {
        guard case .loading(let epoch) = phase, let target = truncationTarget else { return }
        truncationTarget = nil
        wholeDatabaseWanted = epoch
        context.warn(
            "The leader goes back to \(target), and what is on disk here cannot: asking for its"
                + " whole database. What this server has logged beyond, up to"
                + " \(context.history.lastLogged), the leader's quorum does not have; it stays on"
                + " disk until that database is saved, and is gone then")
        redial(&context)
    }

    // MARK: Up to NEWLEADER

    /// History: proposals, and which of them are committed.
    mutating func receivedHistory(
        _ packet: QuorumPacket, _ epoch: Epoch, _ context: inout PeerContext
    ) {
        if packet.kind == .newLeader {
            receivedNewLeader(packet, epoch, &context)
        } else {
            receivedProposalOrCommit(packet, &context)
        }
    }

    /// NEWLEADER: all that the leader had committed goes to disk, only then the epoch, only then
    /// the ACK.
    ///
    /// A server that claims the epoch without the history could win an election and cut
    /// committed transactions off the others; an early ACK would count copies that do not exist.
    private mutating func receivedNewLeader(
        _ packet: QuorumPacket, _ epoch: Epoch, _ context: inout PeerContext
    ) {
        guard let link, packet.zxid == epoch.start else {
            end("NEWLEADER of another epoch")
            return
        }
        guard takeMembership(packet.data, &context) else {
            end("NEWLEADER without a configuration that can be read")
            return
        }
        if Mutant.epochBeforeHistory.isOn, epoch > context.history.currentEpoch {
            context.history.enter(epoch)
            context.effects.add(.persistCurrentEpoch(epoch))
        }
        if Mutant.historyAcknowledgedEarly.isOn {
            context.effects.send(link, .ack, epoch.start)
        }
        // Whoever votes by the next configuration counts for it already, by what is on disk.
        if !keepsLog, context.lastSeen.isVoter(context.settings.myID) {
            keepsLog = true
            mustSaveSnapshot = true
        }
        keepHistory(through: epoch, &context)
        if !Mutant.historyAcknowledgedEarly.isOn {
            context.effects.send(link, .ack, epoch.start)
        }
        phase = .synchronized(epoch)
    }

    /// Puts the leader's history on disk, and then its epoch; an observer without a disk keeps both
    /// in memory.
    private mutating func keepHistory(through epoch: Epoch, _ context: inout PeerContext) {
        if mustSaveSnapshot {
            completeSnapshot(&context)
            if keepsLog {
                context.effects.add(.saveSnapshot(context.history.delivered))
                mustSaveSnapshot = false
            }
        }
        if !Mutant.historyLoggedLate.isOn { appendCommitted(&context) }
        guard keepsLog else { return }
        if !Mutant.historyNotFlushed.isOn {
            context.effects.add(.flushLog)
            context.history.becameDurable(through: context.history.lastLogged)
        }
        if epoch > context.history.currentEpoch {
            context.history.enter(epoch)
            if !Mutant.epochForgotten.isOn { context.effects.add(.persistCurrentEpoch(epoch)) }
        }
    }

    /// The leader's configuration, which matters only where the membership may change.
    private mutating func takeMembership(
        _ text: [UInt8]?, _ context: inout PeerContext
    ) -> Bool {
        guard context.settings.reconfigEnabled, let text else { return true }
        guard let membership = try? Membership(text: text) else { return false }
        offeredMembership = membership
        context.replaceLastSeen(membership)
        return true
    }

    /// What the leader sent after its snapshot becomes part of it before it is saved.
    ///
    /// The snapshot takes the place of our log, and what we have acknowledged may stand in that
    /// log and behind the snapshot: there must be no moment in which the disk has neither.
    ///
    /// An observer that is to vote saves its own tree, not one that the leader has sent. What was
    /// logged here and is not in that tree yet belongs to the leader's history like what it sent
    /// after it: a snapshot without that would leave it out for ever.
    private mutating func completeSnapshot(_ context: inout PeerContext) {
        var rest: [Proposal] = []
        while let proposal = context.history.deliverFirst() { rest.append(proposal) }
        while pendingCommitted > 0, let proposal = pending.popFirst() {
            pendingCommitted -= 1
            rest.append(proposal)
        }
        guard let last = rest.last else { return }
        context.effects.add(.extendSnapshot(rest))
        context.history.replace(at: last.zxid)
    }

    /// Moves the committed part of `pending` to the log.
    private mutating func appendCommitted(_ context: inout PeerContext) {
        while pendingCommitted > 0, let proposal = pending.popFirst() {
            pendingCommitted -= 1
            append(proposal, &context)
        }
    }

    // MARK: Up to UPTODATE

    mutating func receivedBeforeUpToDate(
        _ packet: QuorumPacket, _ epoch: Epoch, _ context: inout PeerContext
    ) {
        if packet.kind == .upToDate {
            receivedUpToDate(epoch, &context)
        } else {
            receivedProposalOrCommit(packet, &context)
        }
    }

    /// UPTODATE: the leader is established, so all that it gave us before is committed.
    ///
    /// A follower that stands in for it may have come less far than this server had before. A tree
    /// that holds some of what is to come again, and not all, is shown to nobody.
    private mutating func receivedUpToDate(_ epoch: Epoch, _ context: inout PeerContext) {
        guard let link else { return }
        while let proposal = context.history.deliverFirst() {
            context.effects.addLocal(.deliver(proposal))
        }
        context.effects.send(link, .ack, epoch.start)
        phase = .serving(epoch)
        let committed = Mutant.pendingDelivered.isOn ? pending.count : pendingCommitted
        pendingCommitted = 0
        var count = 0
        while let proposal = pending.popFirst() {
            // An observer logs only what is committed.
            if isObserver, count >= committed { break }
            log(proposal, &context)
            count += 1
        }
        pending.removeAll()
        for _ in 0..<committed {
            guard let proposal = context.history.deliverFirst() else { break }
            context.effects.addLocal(.deliver(proposal))
        }
        guard !context.history.isAhead(in: epoch) else {
            endAndRest("it has not come as far as the tree here", &context)
            return
        }
        activateOffered(epoch, &context)
        if !hasEnded {
            context.change(to: isObserver ? .observing(leader) : .following(leader))
            serveObservers(epoch, &context)
        }
    }

    // MARK: Proposals and commits while synchronizing

    /// Remembers proposals and which of them are committed; anything unknown is ignored.
    private mutating func receivedProposalOrCommit(
        _ packet: QuorumPacket, _ context: inout PeerContext
    ) {
        switch packet.kind {
        case .proposal:
            receivedPending(packet.zxid, packet.data, &context)
        case .commit:
            receivedPendingCommit(packet.zxid, context)
            noteActivation()
        case .commitAndActivate:
            receivedPendingCommit(packet.zxid, context)
            noteActivation()
        case .inform:
            receivedPending(packet.zxid, packet.data, &context)
            receivedPendingCommit(packet.zxid, context)
        case .informAndActivate:
            let data = packet.data.map { Array($0.dropFirst(Activation.size)) }
            receivedPending(packet.zxid, data, &context)
            receivedPendingCommit(packet.zxid, context)
            noteActivation()
        default:
            break
        }
    }

    private mutating func receivedPending(
        _ zxid: Zxid, _ data: [UInt8]?, _ context: inout PeerContext
    ) {
        let last = pending.last?.zxid ?? context.history.lastLogged
        // A live proposal may repeat what was history already.
        if zxid <= last { return }
        guard let data, History.follows(zxid, last) else {
            end("a proposal \(zxid) after \(last)")
            return
        }
        let proposal = Proposal(zxid: zxid, bytes: data)
        guard isSound(proposal, &context) else { return }
        pending.append(proposal)
        if Mutant.acknowledgedOutOfOrder.isOn, let link { context.effects.send(link, .ack, zxid) }
        if pending.byteCount > context.settings.snapshotSizeMax {
            end("the leader's history has no end")
        }
    }

    private mutating func receivedPendingCommit(_ zxid: Zxid, _ context: PeerContext) {
        let last =
            pendingCommitted > 0
            ? pending[pendingCommitted - 1].zxid : context.history.lastLogged
        if zxid <= last { return }
        if Mutant.pendingCommitsIgnored.isOn, case .synchronized = phase { return }
        guard pendingCommitted < pending.count, pending[pendingCommitted].zxid == zxid else {
            end("a commit of \(zxid) after \(last)")
            return
        }
        pendingCommitted += 1
    }
}
