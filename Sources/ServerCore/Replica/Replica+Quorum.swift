import DequeModule
import Jute
public import Quorum
import Records
public import Storage
import Tree

// Between the quorum peer and everything else: its events come from the driver, its effects go to
// the disk, the tree, the clients, or back to the driver.

extension Replica {
    /// A number for a connection between servers that the driver has accepted.
    public func newLink() -> LinkID { peer?.newLink() ?? LinkID(0) }

    /// A peer has dialed the election port.
    public func electionAccepted(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.electionAccepted(link, now: $1) }
    }
    /// A dial to an election port has succeeded.
    public func electionDialed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.electionDialed(link, now: $1) }
    }
    /// A dial to an election port has failed.
    public func electionDialFailed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.electionDialFailed(link, now: $1) }
    }
    /// Bytes have come over an election port, cut anywhere.
    public func electionReceived(_ link: LinkID, _ bytes: RawSpan, _ now: Moment) {
        tell(now) { $0?.electionReceived(link, bytes, now: $1) }
    }
    /// A link between election ports is gone.
    public func electionClosed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.electionClosed(link, now: $1) }
    }

    /// A learner has dialed the quorum port, or an observer that for observers.
    public func quorumAccepted(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.quorumAccepted(link, now: $1) }
    }
    /// The dial to the leader has succeeded.
    public func quorumDialed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.quorumDialed(link, now: $1) }
    }
    /// The dial to the leader has failed.
    public func quorumDialFailed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.quorumDialFailed(link, now: $1) }
    }
    /// Bytes have come over a quorum port, cut anywhere.
    public func quorumReceived(_ link: LinkID, _ bytes: RawSpan, _ now: Moment) {
        tell(now) { $0?.quorumReceived(link, bytes, now: $1) }
    }
    /// A link between quorum ports is gone.
    public func quorumClosed(_ link: LinkID, _ now: Moment) {
        tell(now) { $0?.quorumClosed(link, now: $1) }
    }

    /// A piece of what `readLog` asked for, in order; `isLast` when that ends with it.
    public func logRead(_ link: LinkID, _ entries: [LogEntry], isLast: Bool, _ now: Moment) {
        let proposals = entries.map { Proposal(zxid: $0.zxid, bytes: $0.bytes) }
        tell(now) { $0?.logRead(link, proposals, isLast: isLast, now: $1) }
    }
    /// What `readLog` asked for cannot be had.
    public func logReadFailed(_ link: LinkID, _ reason: LogRange.Refusal, _ now: Moment) {
        tell(now) { $0?.logReadFailed(link, reason.description, now: $1) }
    }

    /// An event of the peer, with the time it is at, and all that follows from it.
    private func tell(_ now: Moment, _ event: (inout QuorumPeer?, Int64) -> Void) {
        self.now = now
        event(&peer, now.monotonicMilliseconds)
        settle()
    }

    /// When `hitDeadline` is wanted at the latest, monotonic milliseconds.
    public var nextDeadline: Int64? {
        var earliest = peer?.nextDeadline ?? .max
        if isPrimary {
            earliest = min(earliest, tracker.nextDeadline ?? .max, reaper.nextDeadline ?? .max)
        }
        earliest = min(
            earliest, localSessions.nextDeadline ?? .max, silent.nextDeadline ?? .max,
            readOnlyAt ?? .max, waitingUntil ?? .max)
        return earliest == .max ? nil : earliest
    }

    /// Time has passed.
    public func hitDeadline(_ now: Moment) {
        self.now = now
        peer?.hitDeadline(now: now.monotonicMilliseconds)
        expireSessions()
        expireLocalSessions()
        closeSilentConnections()
        noticeEndOfWaiting()
        enterReadOnlyMode()
        reap()
        settle()
    }

    /// Does everything that follows from what has just happened, until nothing is left.
    func settle() {
        appendBatch()
        while role != .failed, let effects = peer?.takeEffects(), !effects.isEmpty {
            for effect in effects where role != .failed {
                do throws(StorageError) { try perform(effect) } catch { failed(error) }
            }
        }
        if role == .looking, let peer {
            stopwatch.looked(peer.status.phase, now: now.monotonicMilliseconds, metrics)
        }
        if !throttled.isEmpty { releaseThrottled() }
        continueSnapshot()
    }

    /// Bytes of a snapshot that are sent at once.
    private static let snapshotPieceSize = 64 << 20

    private func perform(_ effect: QuorumEffect) throws(StorageError) {
        switch effect {
        case .persistAcceptedEpoch(let epoch): try disk.persist(acceptedEpoch: epoch)
        case .persistCurrentEpoch(let epoch): try disk.persist(currentEpoch: epoch)
        case .append(let proposals):
            if !isPrimary { metrics.add(.learnerProposalReceivedCount, proposals.count) }
            appendToLog(proposals.map { LogEntry(zxid: $0.zxid, bytes: $0.bytes) })
        case .flushLog: try disk.flush()
        case .truncateLog(let zxid):
            try disk.flush()
            switch try disk.truncate(to: zxid) {
            case .truncated: try reloadDatabase()
            case .needsSnapshot: peer?.truncationRefused(now: now.monotonicMilliseconds)
            }
        case .reloadDatabase: try reloadDatabase()
        case .loadSnapshot(let stream, let zxid): loadSnapshot(stream, zxid)
        case .extendSnapshot(let proposals): extendSnapshot(proposals)
        case .saveSnapshot(let zxid): try saveSnapshot(zxid)
        case .sendSnapshot(let link, _):
            metrics.add(.snapCount)
            // In pieces: what is sent at once has to be less than 4 GiB.
            let stream = snapshotStream()
            for start in stride(from: 0, to: stream.count, by: Replica.snapshotPieceSize) {
                let end = min(start + Replica.snapshotPieceSize, stream.count)
                emit(.quorumSend(link, Array(stream[start..<end])))
            }
        case .readLog(let link, let start, let end):
            emit(.readLog(link, after: start, through: end, bytesMax: logReadSizeMax))
        case .readMoreLog(let link): emit(.readMoreLog(link))
        case .stopReadingLog(let link): emit(.stopReadingLog(link))
        case .electionDial(let link, _, let endpoint): emit(.electionDial(link, endpoint))
        case .electionSend(let link, let bytes): emit(.electionSend(link, bytes))
        case .electionClose(let link): emit(.electionClose(link))
        case .quorumListen(let listens): emit(.quorumListen(listens))
        case .observersListen(let listens): emit(.observersListen(listens))
        case .quorumDial(let link, let endpoint): emit(.quorumDial(link, endpoint))
        case .quorumSend(let link, let bytes): emit(.quorumSend(link, bytes))
        case .quorumClose(let link): emit(.quorumClose(link))
        case .membershipProposed(let membership): emit(.membershipProposed(membership))
        case .membershipCommitted(let membership):
            installConfiguration(membership)
            outstandingMax = Replica.outstandingMax(settings, membership)
            emit(.membershipCommitted(membership))
        case .note(let text, let isWarning): log(isWarning ? .warning : .info, text)
        case .fatal(let code, let reason): fail(code, reason)
        default: performRequest(effect)
        }
    }

    private func performRequest(_ effect: QuorumEffect) {
        switch effect {
        case .deliver(let proposal): deliver(proposal)
        case .roleChanged(let role): roleChanged(role)
        case .forwarded(let link, let request): forwarded(request, from: link)
        case .sessionsTouched(_, let touches):
            for touch in touches {
                _ = tracker.touch(
                    touch.session, timeout: touch.timeout, now: now.monotonicMilliseconds)
            }
        case .revalidateAsked(let link, let session, let timeout):
            metrics.add(.revalidateCount)
            if isEnding(session) { return awaitEnd(of: session, for: link) }
            let isValid = tracker.touch(
                session, timeout: timeout, now: now.monotonicMilliseconds)
            if isValid { tracker[session]?.owner = .learner(link) }
            peer?.answerRevalidate(link, session, isValid: isValid)
        case .revalidated(let session, let isValid): revalidated(session, isValid: isValid)
        case .sessionLeft(let session): left(session)
        case .syncCompleted: syncCompleted()
        default: break
        }
    }

    /// A learner's client wants something.
    private func forwarded(_ request: ForwardedRequest, from link: LinkID) {
        if request.type == .sync {
            peer?.answerSync(link)
            return
        }
        var reader = JuteReader(request.body.rawSpan)
        do throws(JuteError) {
            let write = try WriteRequest(type: request.type, from: &reader)
            propose(
                write, type: request.type, session: request.session, xid: request.cxid,
                credentials: request.identities, owner: .learner(link))
        } catch {
            // The learner waits for an outcome, so this failure gets a transaction.
            proposeUnreadable(request)
        }
    }

    private func syncCompleted() {
        guard let sync = syncs.popFirst(), let connection = connections[sync.connection] else {
            return
        }
        guard !sync.isOurs else { return predecessorsEnded(connection) }
        let index = connection.outstanding.firstIndex {
            if case .sync(_, isDone: false) = $0.kind { true } else { false }
        }
        guard let index, case .sync(let path, _) = connection.outstanding[index].kind else {
            return
        }
        connection.outstanding[index].kind = .sync(path: path, isDone: true)
        answerReady(connection)
    }

    private func roleChanged(_ new: QuorumRole) {
        roleSince = now.monotonicMilliseconds
        closeAllSessions()
        unclaimed.removeAll()
        leaveReadOnlyMode()
        proposed.removeAll()
        reaper.stop()
        preparation.pending = PendingChanges()
        switch new {
        case .looking:
            role = .looking
            scheduleReadOnlyMode()
        case .following(let leader): role = .following(leader)
        case .observing(let leader): role = .observing(leader)
        case .leading(let epoch):
            role = .leading(epoch)
            tree.lastProcessed = epoch.start
            trackAllSessions()
            reaper.start(now: now.monotonicMilliseconds)
        }
        // The history that was taken over may have ended in an older configuration.
        installConfiguration(membership)
        if role != .looking {
            // All has come that was in its leader's tree when that was sent.
            if treeIsAheadThrough == .endless { treeIsAheadThrough = lastZxid }
            stopwatch.took(role, now: now.monotonicMilliseconds, metrics)
        }
        log(.info, roleDescription)
        if new != .looking { endWaiting() }
    }

    private var roleDescription: String {
        switch role {
        case .looking: "LOOKING"
        case .leading(let epoch): "LEADING, epoch \(epoch)"
        case .following(let leader): "FOLLOWING, leader is server \(leader)"
        case .observing(let leader): "OBSERVING, leader is server \(leader)"
        case .standalone: "serving alone"
        case .failed: "failed"
        }
    }
}
