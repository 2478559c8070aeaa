import Quorum
import Records
import ServerCore
import Storage

/// The disk of a simulated replica: the real formats over a simulated file system, with the
/// threads replaced by events of the simulation.
final class SimulatedReplicaDisk: ReplicaDisk {
    private let directories = DataDirectories(data: "/data", dataLog: "/log")
    private let fileSystem: SimulatedFileSystem
    private let epochs: EpochFiles
    private var log: TransactionLog
    /// Entries, and the rolls between them, in order.
    private var queue: [LogEntry?] = []
    private var snapshot = SnapshotBox()
    /// Chunks of a snapshot that are written and not reported yet.
    private(set) var unreportedChunks = 0
    /// How often the disk could not go back where the leader wanted, and how often it did.
    private(set) var refusedTruncationCount = 0
    private(set) var truncationCount = 0
    /// The last transaction that is durable.
    private(set) var durable = Zxid.none
    /// The epochs as they were written, and what the current one took the place of.
    private(set) var acceptedEpoch = Epoch.zero
    private(set) var currentEpoch = Epoch.zero
    private(set) var formerEpoch = Epoch.zero
    private let server: ServerID
    private let checker: StorageChecker?
    /// Whether an empty disk is that of a server that begins its life.
    private let isNew: Bool
    /// Where history was just cut; it is read again next.
    private var takenBackTo: Zxid?

    init(
        _ fileSystem: SimulatedFileSystem, server: ServerID = ServerID(0),
        durable: Zxid = .none, isNew: Bool = true, preallocationMax: Int64 = 0,
        checker: StorageChecker? = nil
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.server = server
        self.durable = durable
        self.isNew = isNew
        self.checker = checker
        fileSystem.activity = .starting
        defer { fileSystem.activity = nil }
        try directories.prepare(in: fileSystem)
        self.epochs = EpochFiles(directories, in: fileSystem)
        var options = TransactionLog.Options()
        options.preallocationMax = preallocationMax
        self.log = TransactionLog(in: directories.logs, of: fileSystem, options: options)
    }

    var queuedCount: Int { queue.count }

    /// What the log thread does with the first `count` that are queued.
    func sync(_ count: Int) throws(StorageError) -> Zxid? {
        fileSystem.activity = .logging
        defer { fileSystem.activity = nil }
        var last: Zxid?
        for element in queue.prefix(count) {
            if let entry = element {
                log.append(entry)
                last = entry.zxid
            } else {
                try log.roll()
            }
        }
        queue.removeFirst(min(count, queue.count))
        try log.commit()
        if let last { durable = last }
        return last
    }

    /// What it does then, when nobody waits for it.
    func prepareAhead() throws(StorageError) {
        fileSystem.activity = .preallocating
        defer { fileSystem.activity = nil }
        try log.prepareAhead()
    }

    func takeUnreportedChunks() -> Int {
        defer { unreportedChunks = 0 }
        return unreportedChunks
    }

    /// As a checker of packets sees it.
    var checked: PacketChecker.Disk {
        let (fileSystem, directories) = (fileSystem, directories)
        return PacketChecker.Disk(
            acceptedEpoch: acceptedEpoch, currentEpoch: currentEpoch, formerEpoch: formerEpoch,
            last: durable,
            probe: {
                // This is asked for often, and mostly all is durable.
                if fileSystem.isDurable { return nil }
                return fileSystem.undurable(in: directories.logs, ["log."])
                    ?? fileSystem.undurable(
                        in: directories.snapshots, ["acceptedEpoch", "currentEpoch"])
            })
    }

    func append(_ entries: [LogEntry]) {
        checker?.appended(server, entries)
        queue += entries
    }

    func flush() throws(StorageError) {
        _ = try sync(queue.count)
        try prepareAhead()
    }

    func recover(into sink: inout DatabaseLoader) throws(StorageError) -> RecoveryReport {
        fileSystem.activity = .recovering
        defer { fileSystem.activity = nil }
        log.reset()
        var options = RecoveryOptions()
        options.recentCountMax = 20
        options.isCreatingDatabase = isNew
        let report = try Recovery.run(directories, in: fileSystem, options: options, into: &sink)
        checker?.recovered(server, report.recent, last: report.lastZxid, durable: durable)
        if let takenBackTo { checker?.tookBack(server, to: takenBackTo, last: report.lastZxid) }
        takenBackTo = nil
        durable = report.lastZxid
        return report
    }

    func startEpochs(lastZxid: Zxid) throws(StorageError) -> EpochFiles.Epochs {
        fileSystem.activity = .promising
        defer { fileSystem.activity = nil }
        let found = try epochs.start(lastZxid: lastZxid)
        acceptedEpoch = found.accepted
        currentEpoch = found.current
        checker?.started(server, found)
        return found
    }

    func truncate(to zxid: Zxid) throws(StorageError) -> TruncationOutcome {
        fileSystem.activity = .truncating
        defer { fileSystem.activity = nil }
        log.reset()
        // A crash may come before the end of it.
        let before = durable
        durable = min(durable, zxid)
        let outcome = try directories.truncateHistory(to: zxid, in: fileSystem)
        switch outcome {
        case .truncated:
            truncationCount += 1
            takenBackTo = zxid
            durable = zxid
        case .needsSnapshot:
            refusedTruncationCount += 1
            durable = before
        }
        return outcome
    }

    func persist(acceptedEpoch: Epoch) throws(StorageError) {
        fileSystem.activity = .promising
        defer { fileSystem.activity = nil }
        try epochs.writeAccepted(acceptedEpoch)
        self.acceptedEpoch = acceptedEpoch
        checker?.persisted(server, accepted: acceptedEpoch)
    }

    func persist(currentEpoch: Epoch) throws(StorageError) {
        fileSystem.activity = .promising
        defer { fileSystem.activity = nil }
        try epochs.writeCurrent(currentEpoch)
        formerEpoch = self.currentEpoch
        self.currentEpoch = currentEpoch
        checker?.persisted(server, current: currentEpoch)
    }

    // MARK: Reading the log for learners

    /// A stretch, opened when its first piece is read.
    final class Reading {
        let start: Zxid
        let end: Zxid
        let bytesMax: Int64
        fileprivate var range: LogRange?

        init(after start: Zxid, through end: Zxid, bytesMax: Int64) {
            self.start = start
            self.end = end
            self.bytesMax = bytesMax
        }
    }

    /// The stretches that are being read.
    var readings: [LinkID: Reading] = [:]

    /// The next piece of a stretch, and whether it is the last.
    func read(
        _ reading: Reading, bytesMax: Int
    ) throws(LogRange.Refusal) -> (entries: [LogEntry], isLast: Bool) {
        if reading.range == nil {
            reading.range = try LogRange(
                after: reading.start, through: reading.end, bytesMax: reading.bytesMax,
                in: directories, of: fileSystem)
        }
        let entries = try reading.range?.next(bytesMax: bytesMax) ?? []
        return (entries, reading.range?.isComplete ?? true)
    }

    /// Removes snapshots and logs that no start needs, as the thread beside does now and then.
    func purge() {
        fileSystem.activity = .purging
        defer { fileSystem.activity = nil }
        _ = try? Purge.run(directories, keeping: 3, in: fileSystem)
    }

    func rollLog() { queue.append(nil) }

    // MARK: Snapshots

    /// No more than so many are left to lie about: each holds the whole tree, so with all of them
    /// the disks of a long run would grow with the square of what is written.
    static let snapshotCountMax = 8

    private func purgeIfMany() {
        if fileSystem.fileCount(.snapshot) > SimulatedReplicaDisk.snapshotCountMax { purge() }
    }

    /// Keeps a writer that cannot be copied behind a reference.
    private final class SnapshotBox {
        var writer: SnapshotFileWriter?
    }

    /// Writes a whole snapshot beside everything else.
    func takeSnapshot(_ image: (zxid: Zxid, body: [UInt8], trailer: SnapshotTrailer)) {
        fileSystem.activity = .snapshotting
        defer { fileSystem.activity = nil }
        guard
            var writer = try? SnapshotFileWriter(
                image.zxid, in: directories.snapshots, of: fileSystem)
        else { return }
        guard (try? writer.append(image.body)) != nil else { return writer.abandon() }
        _ = try? writer.finish(image.trailer)
        purgeIfMany()
    }

    func beginSnapshot(_ zxid: Zxid, _ header: [UInt8]) {
        fileSystem.activity = .snapshotting
        defer { fileSystem.activity = nil }
        snapshot = SnapshotBox()
        snapshot.writer = try? SnapshotFileWriter(
            zxid, in: directories.snapshots, of: fileSystem)
        try? snapshot.writer?.append(header)
    }

    func writeSnapshot(_ chunk: [UInt8]) {
        fileSystem.activity = .snapshotting
        defer { fileSystem.activity = nil }
        try? snapshot.writer?.append(chunk)
        unreportedChunks += 1
    }

    func finishSnapshot(_ trailer: SnapshotTrailer) {
        fileSystem.activity = .snapshotting
        defer { fileSystem.activity = nil }
        guard let writer = snapshot.writer.take() else { return }
        _ = try? writer.finish(trailer)
        purgeIfMany()
    }

    func abandonSnapshot() {
        fileSystem.activity = .snapshotting
        defer { fileSystem.activity = nil }
        guard let writer = snapshot.writer.take() else { return }
        writer.abandon()
    }

    func saveSnapshot(
        _ zxid: Zxid, body: [UInt8], trailer: SnapshotTrailer
    ) throws(StorageError) {
        try flush()
        fileSystem.activity = .saving
        defer { fileSystem.activity = nil }
        log.reset()
        durable = min(durable, zxid)
        var writer = try SnapshotFileWriter(zxid, in: directories.snapshots, of: fileSystem)
        try writer.append(body)
        let file = try writer.finish(trailer)
        try directories.keepOnlySnapshot(file, in: fileSystem)
        durable = zxid
    }

    func sizes() -> (data: Int64, log: Int64) { (0, 0) }
}
