import Jute
import Quorum
public import Records
import Storage
import Tree

// Snapshots that leave the server and come back over HTTP.
//
// The one that goes out shows the database at one moment: no log goes with it, which would make up
// for what happens while a snapshot in the background is written.

/// A whole snapshot, as the file would be.
public struct SnapshotAnswer: Sendable {
    /// The last transaction in it.
    public let zxid: Zxid
    /// The bytes of the file.
    public let bytes: [UInt8]
}

/// Why a snapshot was not taken.
public struct SnapshotRefusal: Error {
    /// What is answered.
    public let answer: AdminAnswer
}

extension Replica {
    /// Whether somebody may take snapshots and restore them: nil, or the refusal.
    ///
    /// `header`: `scheme credential`, as in an auth packet. All rights on the root znode are needed.
    public func authorize(header: String?, address: [UInt8], subject: String?) -> AdminAnswer? {
        guard let header else {
            return AdminAnswer(error: "Auth info is missing for the command", status: 401)
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard let scheme = parts.first else {
            return AdminAnswer(error: "Not authenticated", status: 401)
        }
        let credential = parts.count == 2 ? Array(parts[1].utf8) : nil
        var held: [Identity]?
        if scheme == "x509" {
            held = subject.map { [Identity(scheme: "x509", id: ByteString($0))] }
        } else {
            held = access.authenticate(
                scheme: ByteString(scheme), authentication: credential, address: address)
        }
        guard let held else { return AdminAnswer(error: "Not authenticated", status: 401) }
        let acl = tree.acl(of: .root)
        let all: [Permissions] = [.read, .write, .create, .delete, .admin]
        guard all.allSatisfy({ access.allows($0, acl: acl, credentials: held) }) else {
            return AdminAnswer(error: "Not authorized", status: 403)
        }
        return nil
    }

    /// Takes a snapshot of this moment, which also goes to the disk.
    public func takeSnapshot(_ now: Moment) -> Result<SnapshotAnswer, SnapshotRefusal> {
        self.now = now
        guard hasService, !isReadOnly else {
            return .failure(SnapshotRefusal(answer: .notServing))
        }
        let (zxid, body, trailer) = databaseImage
        // Whatever is being written in the background holds less.
        abandonSnapshot()
        disk.rollLog()
        disk.beginSnapshot(zxid, body)
        disk.finishSnapshot(trailer)
        lastSnapshot = (zxid, now.wallMilliseconds / 1000)
        log(.info, "Snapshotting: \(zxid) for an administrator")
        return .success(
            SnapshotAnswer(
                zxid: zxid, bytes: SnapshotImage.make(body: body, trailer: trailer)))
    }

    /// Puts a snapshot in place of the database: what was there before is gone.
    ///
    /// In an ensemble the leader does that, and the others get it from the leader of the election
    /// that follows: servers that restore each for itself could go on with different histories.
    public func restore(_ image: RawSpan, _ now: Moment) -> AdminAnswer {
        self.now = now
        if let refusal = refusalOfRestore { return refusal }
        do throws(StorageError) {
            return try restoreChecked(image)
        } catch {
            metrics.add(.restoreErrorCount)
            return AdminAnswer(error: "\(error)", status: 500)
        }
    }

    /// Why nothing is restored here, nil if it could be.
    public var refusalOfRestore: AdminAnswer? {
        guard hasService else { return .notServing }
        guard isPrimary else {
            let leader = peer?.status.leader.map { "server \($0)" } ?? "the leader"
            return AdminAnswer(
                error: "restore on \(leader), which leads: all others follow it", status: 409)
        }
        return nil
    }

    private func restoreChecked(_ image: RawSpan) throws(StorageError) -> AdminAnswer {
        // Into a tree of its own first: a snapshot that breaks off must not cost the database.
        var trial = DatabaseLoader(DataTree(seed: seed))
        trial.reset()
        let trailer = try SnapshotImage.read(image, into: &trial)
        guard let restored = trailer.lastZxid else {
            return AdminAnswer(
                error: "the snapshot does not say its last zxid "
                    + "(serializeLastProcessedZxid.enabled)", status: 500)
        }
        guard restored >= .zero, restored.epoch.rawValue < Int32.max - 1 else {
            return AdminAnswer(
                error: "the snapshot ends at \(restored), after which no epoch could follow",
                status: 500)
        }
        let logged = role == .standalone ? lastProposed : peer?.status.lastLogged ?? .zero
        let zxid = max(restored, logged, lastZxid).next
        guard zxid.counter < UInt32.max else {
            return AdminAnswer(error: "zxid \(zxid) is the last of its epoch", status: 500)
        }
        log(.warning, "Restoring a snapshot of zxid \(restored): going on from \(zxid)")
        closeAllClients()
        abandonSnapshot()
        appendBatch()
        try disk.flush()
        undurable.removeAll()
        proposed.removeAll()
        do throws(StorageError) {
            try replaceDatabase(image, zxid)
        } catch {
            // Memory and disk may differ by now: nothing that follows would be safe.
            failed(error)
            throw error
        }
        settle()
        return AdminAnswer([AdminValue.Field("last_zxid", .integer(zxid.rawValue))])
    }

    private func replaceDatabase(_ image: RawSpan, _ zxid: Zxid) throws(StorageError) {
        var loader = DatabaseLoader(tree)
        loader.reset()
        _ = try SnapshotImage.read(image, into: &loader)
        sessionTimeouts = loader.sessionTimeouts
        tree.lastProcessed = zxid
        preparation.pending = PendingChanges()
        digestLog.removeAll()
        installConfiguration(membership)
        try saveSnapshot(zxid)
        guard let status = peer?.status else {
            lastProposed = zxid
            return trackAllSessions()
        }
        if zxid.epoch > status.currentEpoch {
            if zxid.epoch > status.acceptedEpoch { try disk.persist(acceptedEpoch: zxid.epoch) }
            try disk.persist(currentEpoch: zxid.epoch)
        }
        peer?.databaseReplaced(
            QuorumHistory(
                lastLogged: zxid, acceptedEpoch: max(zxid.epoch, status.acceptedEpoch),
                currentEpoch: max(zxid.epoch, status.currentEpoch)),
            now: now.monotonicMilliseconds)
    }
}

extension AdminAnswer {
    static let notServing = AdminAnswer(
        error: "This ZooKeeper instance is not currently serving requests")
}
