import Configuration
import Jute
import Mutants
import Quorum
import Records
public import Storage
import Tree

// The database as a whole: read at the start, replaced by a leader's, written to snapshots.

extension Replica {
    /// Reads the database and takes up service, or the search for a leader.
    public func start(_ now: Moment) {
        self.now = now
        do throws(StorageError) {
            let report = try recoverDatabase()
            if settings.quorum == nil {
                try startAlone(report)
            } else {
                try startPeer(report)
            }
        } catch {
            failed(error)
        }
        settle()
    }

    private func recoverDatabase() throws(StorageError) -> RecoveryReport {
        var loader = DatabaseLoader(tree)
        loader.reset()
        let report = try disk.recover(into: &loader)
        sessionTimeouts = loader.sessionTimeouts
        treeIsAheadThrough = loader.aheadThrough
        // Where there was none, the first start has made one of the empty database.
        let newest = report.snapshotZxid ?? .zero
        lastSnapshot = disk.secondsOfSnapshot(newest).map { (newest, $0) }
        metrics.record(.startupTxnsLoaded, Int64(report.replayedCount))
        tree.lastProcessed = max(report.lastZxid, .zero)
        preparation.pending = PendingChanges()
        noteLoggedMembership()
        installConfiguration(membership)
        return report
    }

    /// A configuration in the log that is newer than the files: it was proposed, and perhaps was
    /// in force before the files could say so.
    private func noteLoggedMembership() {
        guard settings.reconfigEnabled, peer == nil, let logged = loggedMembership,
            logged.version > membership.version
        else { return }
        if let proposed = lastSeenMembership, proposed.version > logged.version,
            Zxid(proposed.version) <= tree.lastProcessed
        {
            return
        }
        lastSeenMembership = logged
        emit(.membershipProposed(logged))
    }

    /// The configuration that `/zookeeper/config` has.
    private var loggedMembership: Membership? {
        guard let index = tree.find(Preparation.configurationPath),
            let text = tree.data(of: index)
        else { return nil }
        return try? Membership(text: text)
    }

    /// Ephemerals of sessions that are gone go too: their close was lost with an old log.
    private func startAlone(_ report: RecoveryReport) throws(StorageError) {
        lastProposed = lastZxid
        role = .standalone
        installConfiguration(membership)
        trackAllSessions()
        reaper.start(now: now.monotonicMilliseconds)
        for owner in tree.ephemeralOwners where sessionTimeouts[owner] == nil {
            propose(
                .closeSession, type: .closeSession, session: owner, xid: Xid(0), credentials: [],
                owner: nil)
        }
        log(.info, "serving alone, zxid \(lastZxid), \(tree.nodeCount) znodes")
    }

    private func startPeer(_ report: RecoveryReport) throws(StorageError) {
        guard var quorum = settings.quorum else { return }
        // No database, and none may be made: the disk may be another than it was.
        quorum.mayBegin = report.lastZxid != .none
        if !quorum.mayBegin, !membership.isVoter(quorum.myID) {
            // So begins every server that joins.
            log(.info, "There is no database yet: all of it comes from the leader")
        } else if !quorum.mayBegin {
            log(
                .warning,
                "There is no database, and none may be begun (db.autocreate=false, and no file"
                    + " initialize): this server takes no part in elections until a leader has sent"
                    + " it the data. If its disk is missing, stop it and mount that")
        }
        var peer = QuorumPeer(
            settings: quorum, membership: membership, lastSeen: lastSeenMembership,
            history: try history(report), seed: seed,
            isReadable: { Transaction.isEntry($0.bytes, at: $0.zxid) })
        peer.start(now: now.monotonicMilliseconds)
        scheduleReadOnlyMode()
        self.peer = peer
    }

    /// A server that has never been part of anything says so: it neither votes nor leads where
    /// there is a history.
    private func history(_ report: RecoveryReport) throws(StorageError) -> QuorumHistory {
        let epochs = try disk.startEpochs(lastZxid: max(report.lastZxid, .zero))
        let isFresh =
            report.lastZxid <= .zero && epochs.accepted == .zero && epochs.current == .zero
        return QuorumHistory(
            lastLogged: isFresh ? .none : report.lastZxid,
            committedLog: report.recent.map { Proposal(zxid: $0.zxid, bytes: $0.bytes) },
            aheadThrough: treeIsAheadThrough,
            acceptedEpoch: epochs.accepted, currentEpoch: epochs.current)
    }

    /// The log or the members could not be written: nothing may be acknowledged any more.
    public func diskFailed(_ error: StorageError, _ now: Moment) {
        self.now = now
        failed(error)
    }

    /// Forgets memory and reads the disk again.
    func reloadDatabase() throws(StorageError) {
        abandonSnapshot()
        try disk.flush()
        let report = try recoverDatabase()
        peer?.databaseReloaded(try history(report), now: now.monotonicMilliseconds)
    }

    /// Replaces the database by a leader's.
    func loadSnapshot(_ stream: [UInt8], _ zxid: Zxid) {
        abandonSnapshot()
        var loader = DatabaseLoader(tree)
        loader.reset()
        var parser = SnapshotParser(sizeMax: Int64(stream.count))
        var isComplete = false
        do throws(SnapshotError) {
            _ = try parser.feed(stream.rawSpan, into: &loader)
            isComplete = parser.isComplete
        } catch {
            log(.error, "The leader's snapshot cannot be read: \(error)")
        }
        sessionTimeouts = loader.sessionTimeouts
        // The tree of an Apache ZooKeeper goes on changing while it is sent.
        treeIsAheadThrough = .endless
        if !Mutant.snapshotZxidForgotten.isOn { tree.lastProcessed = zxid }
        preparation.pending = PendingChanges()
        installConfiguration(membership)
        peer?.snapshotLoaded(isComplete, now: now.monotonicMilliseconds)
    }

    /// Applies what belongs to the leader's snapshot as if it had been in it.
    func extendSnapshot(_ proposals: [Proposal]) {
        var loader = DatabaseLoader(tree)
        loader.sessionTimeouts = sessionTimeouts
        for proposal in proposals {
            // It was looked at when it came.
            guard let transaction = try? Transaction(decoding: proposal.bytes) else {
                return fail(1, "Transaction \(proposal.zxid) cannot be read")
            }
            loader.replay(
                transaction, entry: LogEntry(zxid: proposal.zxid, bytes: proposal.bytes))
        }
        sessionTimeouts = loader.sessionTimeouts
    }

    /// The database as it goes to a learner: a snapshot's body and a signature.
    func snapshotStream() -> [UInt8] {
        var signature = JuteWriter(capacity: 16)
        signature.writeSnapshotSignature()
        return tree.snapshotBody(sessions: sortedSessions) + signature.copyBytes()
    }

    /// How many bytes of log go to a learner before a snapshot is the better choice.
    ///
    /// Compared with the database as it is: the newest snapshot on disk may be from when it was
    /// empty.
    var logReadSizeMax: Int64 {
        let factor = settings.quorum?.snapshotSizeFactor ?? 0
        guard factor > 0 else { return .max }
        // What a snapshot says of a znode besides path and data.
        let snapshotSize = tree.approximateDataSize + tree.nodeCount * 84
        return Int64(Double(snapshotSize) * factor)
    }

    var sortedSessions: [(id: SessionID, timeout: Int32)] {
        sessionTimeouts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Writes the database and makes it durable before anything else happens.
    func saveSnapshot(_ zxid: Zxid) throws(StorageError) {
        try disk.saveSnapshot(
            zxid, body: tree.snapshotBody(sessions: sortedSessions), trailer: snapshotTrailer)
        lastSnapshot = (zxid, now.wallMilliseconds / 1000)
    }

    /// What stands behind a snapshot's body: the tree's digest, and the zxid it belongs to.
    ///
    /// Of a tree that is ahead it says how far, and no digest that anybody could compare.
    var snapshotTrailer: SnapshotTrailer {
        let isAhead = lastZxid < treeIsAheadThrough && treeIsAheadThrough != .endless
        let end = isAhead ? treeIsAheadThrough : lastZxid
        let digest =
            isAhead ? .unknown(at: end) : SnapshotDigest(zxid: end, digest: tree.digest)
        return SnapshotTrailer(digest: settings.digestEnabled ? digest : nil, lastZxid: end)
    }

    /// Shows the membership in `/zookeeper/config`, as of its version.
    ///
    /// While this server looks for a leader, a newer one stays there that the history has: a snapshot
    /// of it has to say so, as nothing else would know of the change any more. Who only reads then
    /// sees that one, as all else that is logged and perhaps not committed.
    func installConfiguration(_ new: Membership) {
        membership = new
        if role == .looking, settings.reconfigEnabled,
            loggedMembership?.version ?? 0 > membership.version
        {
            return
        }
        guard !new.members.isEmpty, let index = tree.find(Preparation.configurationPath),
            tree.persistedStat(of: index).mzxid != Zxid(new.version) || new.version == 0
        else { return }
        tree.setConfiguration(
            Array(new.text.utf8), zxid: Zxid(new.version), time: now.wallMilliseconds)
    }
}
