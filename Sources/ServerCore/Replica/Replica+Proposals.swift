import Jute
import Mutants
import Quorum
public import Records
import Storage
import Tree

// From a write to its transaction, and from the transaction to the tree.

extension Replica {
    /// Makes the transaction of a write, or of its failure, and sends it on its way.
    ///
    /// Failures take a zxid too, as they do in Apache ZooKeeper.
    ///
    /// `owner`: through which server the request came; nil for the server's own. Returns the zxid
    /// that it takes, by which its result is known; nil if there is none left in this epoch.
    @discardableResult
    func propose(
        _ request: WriteRequest, type: OpCode, session: SessionID, xid: Xid,
        credentials: [Identity], owner: SessionOwner?
    ) -> Zxid? {
        guard nextZxid.counter != .max || rollOver() else { return nil }
        let zxid = nextZxid
        preparation.pending.willPrepare(over: tree)
        let context = Preparation.Context(
            tree: tree, zxid: zxid, time: now.wallMilliseconds, session: session,
            credentials: credentials,
            ephemeralRefusal: owner == nil ? nil : ephemeralRefusal(session),
            membership: membershipState(for: request))
        var body: TransactionBody
        var isEarlyError = false
        do throws(ErrorCode) {
            try checkSession(session, type, request, owner)
            body = try preparation.prepare(request, context)
        } catch {
            body = .error(error)
            isEarlyError = true
        }
        if let exceeded = preparation.exceededQuota { noteExceeded(exceeded) }
        let header = TransactionHeader(
            session: session, cxid: xid, zxid: zxid, time: context.time,
            type: isEarlyError ? .error : body.type)
        var transaction = Transaction(header: header, body: body)
        if settings.digestEnabled, !isEarlyError, body.admitsDigest {
            transaction.digest = preparation.digest
        }
        propose(transaction)
        return zxid
    }

    private func membershipState(for request: WriteRequest) -> MembershipState? {
        guard case .reconfig = request, let peer else { return nil }
        return MembershipState(
            committed: peer.membership, lastSeen: peer.lastSeenMembership,
            voterCountMin: settings.standaloneEnabled ? 2 : 1, canActivate: peer.canActivate,
            handOver: { [now] successor in
                self.peer?.handOver(to: successor, now: now.monotonicMilliseconds) ?? false
            },
            explain: { self.log(.warning, $0) })
    }

    private var nextZxid: Zxid {
        if role == .standalone { return lastProposed.next }
        return peer?.nextZxid ?? .zero
    }

    private func propose(_ transaction: Transaction) {
        let zxid = transaction.header.zxid
        let bytes = transaction.encoded
        statistics.proposed(bytes.count)
        metrics.add(.prepProcessorRequestQueued)
        metrics.add(.outstandingChangesQueued)
        if role == .standalone {
            lastProposed = zxid
            undurable.append(transaction)
            batch.append(LogEntry(zxid: zxid, bytes: bytes))
        } else {
            proposed.append(transaction)
            metrics.add(.proposalCount)
            peer?.propose(Proposal(zxid: zxid, bytes: bytes), now: now.monotonicMilliseconds)
        }
    }

    /// The counter of this epoch is used up.
    ///
    /// With a quorum the reign ends, and all clients are let go: a new election begins a new epoch.
    /// Alone, the epoch is simply the next one; true if there is a next zxid now.
    private func rollOver() -> Bool {
        guard role == .standalone else {
            peer?.endReign("the zxids of this epoch are used up", now: now.monotonicMilliseconds)
            return false
        }
        lastProposed = lastProposed.epoch.next.start
        return true
    }

    private func checkSession(
        _ session: SessionID, _ type: OpCode, _ request: WriteRequest, _ owner: SessionOwner?
    ) throws(ErrorCode) {
        guard let owner else { return }
        if case .createSession(let timeout) = request {
            tracker.track(session, timeout: timeout, now: now.monotonicMilliseconds).owner = owner
            return
        }
        guard let tracked = tracker[session] else {
            if localSessions[session] != nil && owner == .local { return }
            if isForeignLocal(session) { return }
            throw .sessionExpired
        }
        guard !tracked.isClosing else { throw .sessionExpired }
        if let known = tracked.owner, known != owner, !Mutant.movedSessionServed.isOn {
            throw .sessionMoved
        }
        tracked.owner = owner
        if type == .closeSession { tracked.isClosing = true }
    }

    /// Standalone: hands what has been proposed to the disk, once for many requests.
    func appendBatch() {
        guard !batch.isEmpty else { return }
        appendToLog(batch)
        batch.removeAll(keepingCapacity: true)
    }

    /// Entries that were appended are durable, up to and with `zxid`.
    public func logged(through zxid: Zxid, _ now: Moment) {
        self.now = now
        if role == .standalone {
            while let first = undurable.first, first.header.zxid <= zxid {
                undurable.removeFirst()
                apply(first)
            }
        } else {
            peer?.logged(through: zxid, now: now.monotonicMilliseconds)
        }
        settle()
    }

    /// A transaction is committed: whoever watches hears of it, then whoever asked for it.
    func apply(_ transaction: Transaction) {
        let header = transaction.header
        let applied = tree.apply(transaction)
        switch transaction.body {
        case .createSession(let timeout): sessionTimeouts[header.session] = timeout
        case .closeSession(let ephemerals):
            sessionTimeouts[header.session] = nil
            peer?.sessionEnded(header.session)
            auditEnd(of: header.session, ephemerals ?? applied.deletions)
        default: break
        }
        if isPrimary { trackSession(transaction) }
        measure(transaction)
        if header.zxid.rawValue % DigestLogEntry.interval == 0 { noteDigest(header.zxid) }
        compareDigest(transaction)
        fireWatches(applied.events, zxid: header.zxid)
        preparation.pending.applied(header.zxid)
        answerWrite(transaction, applied)
    }

    private func trackSession(_ transaction: Transaction) {
        let session = transaction.header.session
        switch transaction.body {
        case .createSession(let timeout) where tracker[session] == nil:
            tracker.track(session, timeout: timeout, now: now.monotonicMilliseconds)
        case .closeSession:
            tracker.remove(session)
            sessionEnded(session)
        default: break
        }
    }

    private func compareDigest(_ transaction: Transaction) {
        guard let digest = transaction.digest, digest.version == TransactionDigest.version,
            settings.digestEnabled, transaction.header.zxid >= treeIsAheadThrough,
            digest.treeDigest != tree.digest
        else { return }
        metrics.add(.digestMismatchesCount)
        if metrics[.digestMismatchesCount] == 1 {
            log(
                .error,
                "The tree differs from the leader's after \(transaction.header.zxid): digest "
                    + "\(tree.digest), not \(digest.treeDigest). Restart this server with an "
                    + "empty data directory to copy the ensemble's.")
        }
    }

    /// A committed transaction, from the quorum.
    func deliver(_ proposal: Proposal) {
        if let own = proposed.first, own.header.zxid == proposal.zxid {
            proposed.removeFirst()
            return apply(own)
        }
        do throws(JuteError) {
            apply(try Transaction(decoding: proposal.bytes))
        } catch {
            fail(1, "Committed transaction \(proposal.zxid) cannot be read: \(error)")
        }
    }
}

extension Replica {
    /// A learner's request that cannot be read: its client gets the error by a transaction, since
    /// the learner waits for one.
    func proposeUnreadable(_ request: ForwardedRequest) {
        guard nextZxid.counter != .max || rollOver() else { return }
        let zxid = nextZxid
        let header = TransactionHeader(
            session: request.session, cxid: request.cxid, zxid: zxid, time: now.wallMilliseconds,
            type: .error)
        propose(Transaction(header: header, body: .error(.marshallingError)))
    }
}

extension TransactionBody {
    /// Whether a digest may stand behind it: behind a close without a list it would be read as one.
    fileprivate var admitsDigest: Bool {
        if case .closeSession(nil) = self { false } else { true }
    }
}

extension Applied {
    /// What it has deleted, as watchers hear of it.
    fileprivate var deletions: [Path] {
        events.filter { $0.kind == .deleted }.map(\.path)
    }
}
