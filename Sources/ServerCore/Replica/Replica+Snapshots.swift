import Jute
import Mutants
import Quorum
import Records
import Storage
import Tree

// Snapshots in the background: every so many transactions the tree is walked, a slice at a time
// between requests, and the slices are written by another thread. The next slice is made when the
// last one is written, so a slow disk never piles them up in memory.

/// When the next snapshot is due, and how far the present one has come.
struct SnapshotProgress {
    private var schedule: SnapshotSchedule
    private var random: SeededGenerator
    fileprivate var cursor: SnapshotCursor?
    /// Whether the disk has taken the last slice.
    fileprivate var isReady = false
    /// Monotonic milliseconds.
    fileprivate var startedAt: Int64 = 0

    init(settings: ReplicaSettings, seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        self.schedule = SnapshotSchedule(
            recordCountMax: settings.snapshotTransactionCount,
            logSizeMax: settings.snapshotLogSizeMax, using: &random)
    }

    /// Counts entries of the log; true when a snapshot is due.
    mutating func logged(_ entries: [LogEntry]) -> Bool {
        let size = entries.reduce(0) { $0 + Int64($1.bytes.count) + 13 }
        schedule.logged(recordCount: entries.count, byteCount: size)
        guard schedule.isDue else { return false }
        schedule.restart(using: &random)
        return true
    }
}

extension Replica {
    private static let sliceBytes = 256 << 10

    /// Queues entries for the log, and starts a snapshot when one is due.
    func appendToLog(_ entries: [LogEntry]) {
        disk.append(entries)
        metrics.add(.syncProcessorRequestQueued, entries.count)
        if snapshots.logged(entries) { beginSnapshot() }
    }

    /// Starts a snapshot, unless one is being written.
    func beginSnapshot() {
        disk.rollLog()
        guard snapshots.cursor == nil else { return }
        let cursor = tree.startSnapshot()
        var header = JuteWriter(capacity: 1024)
        header.writeSnapshotSessions(sortedSessions)
        cursor.writeACLTable(to: &header)
        log(.info, "Snapshotting: \(cursor.start)")
        let name = Mutant.snapshotNamedAhead.isOn ? peer?.lastLogged : cursor.start
        disk.beginSnapshot(name ?? cursor.start, header.copyBytes())
        snapshots.cursor = cursor
        snapshots.isReady = true
        snapshots.startedAt = now.monotonicMilliseconds
    }

    /// The disk has taken the last slice of the snapshot.
    public func snapshotChunkWritten(_ now: Moment) {
        self.now = now
        snapshots.isReady = true
        settle()
    }

    /// The snapshot could not be written; the log keeps everything.
    public func snapshotFailed(_ reason: String, _ now: Moment) {
        self.now = now
        snapshots.cursor = nil
        metrics.add(.snapshotErrorCount)
        log(.error, "The snapshot was not written: \(reason)")
        settle()
    }

    func continueSnapshot() {
        guard snapshots.isReady, let cursor = snapshots.cursor else { return }
        snapshots.isReady = false
        // Most trees are small; for others it grows.
        var slice = JuteWriter(capacity: 16 << 10)
        switch cursor.next(limitBytes: Replica.sliceBytes, into: &slice) {
        case .more: disk.writeSnapshot(slice.copyBytes())
        case .complete:
            slice.writeSnapshotEnd()
            disk.writeSnapshot(slice.copyBytes())
            disk.finishSnapshot(snapshotTrailer)
            snapshots.cursor = nil
            lastSnapshot = (cursor.start, now.wallMilliseconds / 1000)
            metrics.record(.snapshottime, now.monotonicMilliseconds - snapshots.startedAt)
        case .abandoned: abandonSnapshot()
        }
    }

    func abandonSnapshot() {
        guard snapshots.cursor != nil else { return }
        snapshots.cursor = nil
        disk.abandonSnapshot()
    }
}
