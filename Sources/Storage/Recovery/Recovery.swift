import Jute
import Records

/// Reads the database back from the newest snapshot that is whole and the log behind it.
///
/// It ends in one of three ways: a database with all that was ever acknowledged; no database,
/// and the report says so; or an error that names the file and offset. It never passes over
/// acknowledged transactions in silence.
public enum Recovery {
    /// The most snapshots that are tried.
    private static let candidateCountMax = 100

    /// Reads the database of `directories` into `sink`.
    public static func run(
        _ directories: DataDirectories, in fileSystem: any FileSystem,
        options: RecoveryOptions = RecoveryOptions(), into sink: inout some RecoverySink
    ) throws(StorageError) -> RecoveryReport {
        var report = RecoveryReport()
        let hasMarker = try fileSystem.exists(directories.initializeMarker)
        let logs = try DataFile.list(.log, in: directories.logs, of: fileSystem)

        if let zxid = try loadSnapshot(directories, fileSystem, &report, into: &sink) {
            report.snapshotZxid = zxid
            report.lastZxid = zxid
            try replay(logs, fileSystem, options, &report, into: &sink)
            try checkFallback(report)
        } else if !logs.isEmpty {
            try startFromNothing(directories, logs, fileSystem, options, &report, into: &sink)
        } else {
            sink.reset()
            sink.loadedSnapshot(.zero, trailer: .none)
            report.wasEmpty = true
            if options.isCreatingDatabase || hasMarker {
                report.lastZxid = .zero
                if options.isRepairing {
                    try makeDatabase(directories, fileSystem, sink.emptySnapshotBody())
                }
            }
        }
        // Last, so that a crash before does not make a new database look like a lost one.
        if hasMarker, options.isRepairing {
            try fileSystem.remove(directories.initializeMarker)
            try fileSystem.syncDirectory(directories.dataLog)
        }
        return report
    }

    /// The zxid of the snapshot that was loaded; nil if there is none.
    private static func loadSnapshot(
        _ directories: DataDirectories, _ fileSystem: any FileSystem,
        _ report: inout RecoveryReport, into sink: inout some RecoverySink
    ) throws(StorageError) -> Zxid? {
        let files = try DataFile.list(.snapshot, in: directories.snapshots, of: fileSystem)
        var candidateCount = 0
        for file in files.reversed() where candidateCount < candidateCountMax {
            guard try SnapshotProbe.isPlausible(file, in: fileSystem) else {
                report.passedOverZxids.append(file.zxid)
                report.passedOver.append(
                    StorageError(.damaged, "is not a whole snapshot", path: file.path))
                continue
            }
            candidateCount += 1
            sink.reset()
            do throws(StorageError) {
                let trailer = try SnapshotFileReader.read(file, in: fileSystem, into: &sink)
                sink.loadedSnapshot(file.zxid, trailer: trailer)
                return file.zxid
            } catch  where error.code == .damaged {
                report.passedOverZxids.append(file.zxid)
                report.passedOver.append(error)
            }
        }
        // A new server's first snapshot may be in pieces: it held nothing. Any other one did.
        let isHistory = candidateCount > 0 || files.contains { $0.zxid > .zero }
        if isHistory, let newest = report.passedOver.first {
            throw StorageError(
                newest.code, "no snapshot can be read; the newest: \(newest.message)",
                path: newest.path, offset: newest.offset, advice: newest.advice)
        }
        return nil
    }

    private static func startFromNothing(
        _ directories: DataDirectories, _ logs: [DataFile], _ fileSystem: any FileSystem,
        _ options: RecoveryOptions, _ report: inout RecoveryReport,
        into sink: inout some RecoverySink
    ) throws(StorageError) {
        guard options.isTrustingEmpty else {
            let broken = report.passedOver.first
            throw StorageError(
                .refused,
                broken.map { "\($0.message), and there is no other one before the logs" }
                    ?? "there are logs but no snapshot, so the beginning may be missing",
                path: broken?.path ?? directories.snapshots,
                advice: "restore the snapshots, or move the version-2 directories away and let the "
                    + "ensemble send the database; zookeeper.snapshot.trust.empty=true starts "
                    + "from the logs alone, as a first start after 3.4 may need")
        }
        sink.reset()
        sink.loadedSnapshot(.zero, trailer: .none)
        report.lastZxid = .zero
        try replay(logs, fileSystem, options, &report, into: &sink)
    }

    private static func makeDatabase(
        _ directories: DataDirectories, _ fileSystem: any FileSystem, _ body: [UInt8]
    ) throws(StorageError) {
        var writer = try SnapshotFileWriter(.zero, in: directories.snapshots, of: fileSystem)
        do throws(StorageError) {
            try writer.append(body)
        } catch {
            writer.abandon()
            throw error
        }
        // As the reference does: no transaction has been applied, so there is no digest yet.
        _ = try writer.finish(
            SnapshotTrailer(digest: SnapshotDigest(zxid: .zero, digest: 0), lastZxid: .zero))
    }

    private static func replay(
        _ logs: [DataFile], _ fileSystem: any FileSystem, _ options: RecoveryOptions,
        _ report: inout RecoveryReport, into sink: inout some RecoverySink
    ) throws(StorageError) {
        let start = report.lastZxid.next
        var walk = try LogWalk(
            DataFile.holding(from: start, of: logs), in: fileSystem, purpose: .start)
        while let record = try walk.next() {
            if record.zxid < start { continue }
            let transaction: Transaction
            do throws(JuteError) {
                transaction = try Transaction(decoding: record.entry)
            } catch {
                throw StorageError(
                    .damaged, "transaction \(record.zxid) is no transaction (\(error))",
                    path: walk.file.path, offset: record.offset)
            }
            let entry = LogEntry(zxid: record.zxid, bytes: record.entry)
            note(entry, options, &report)
            sink.replay(transaction, entry: entry)
        }
        report.recent = report.recent.suffix(options.recentCountMax)
        report.repairs = walk.repairs
        if options.isRepairing { try repair(walk.repairs, fileSystem) }
    }

    private static func note(
        _ entry: LogEntry, _ options: RecoveryOptions, _ report: inout RecoveryReport
    ) {
        let last = report.lastZxid
        if entry.zxid < last {
            report.outOfOrderCount += 1
        } else if !entry.zxid.follows(last) {
            report.gaps.append(LogGap(after: last, before: entry.zxid))
        }
        if !entry.zxid.follows(last) { report.recent.removeAll() }
        report.lastZxid = max(last, entry.zxid)
        report.replayedCount += 1
        report.recent.append(entry)
        // Cut rarely, as each cut moves all that is left.
        if report.recent.count >= 2 * options.recentCountMax + 16 {
            report.recent.removeFirst(report.recent.count - options.recentCountMax)
        }
    }

    /// An older snapshot is as good as the newest only if the log joins the two.
    ///
    /// A snapshot holds transactions that were in the log before, so without a gap the log reaches
    /// its zxid at least; but the start of an epoch is no transaction.
    private static func checkFallback(_ report: RecoveryReport) throws(StorageError) {
        guard let newest = report.passedOver.first else { return }
        let held = report.passedOverZxids.filter { !$0.isEpochStart }.max() ?? .zero
        let missing: String
        if let gap = report.gaps.first {
            missing = "nothing between \(gap.after) and \(gap.before)"
        } else if held > report.lastZxid {
            missing = "nothing behind \(report.lastZxid)"
        } else {
            return
        }
        throw StorageError(
            .damaged,
            "\(newest.message), and to start from an older one, the log has \(missing)",
            path: newest.path, offset: newest.offset)
    }

    private static func repair(
        _ repairs: [LogRepair], _ fileSystem: any FileSystem
    ) throws(StorageError) {
        for repair in repairs {
            if repair.offset == 0 {
                try fileSystem.remove(repair.path)
                try fileSystem.syncDirectory(AtomicFile.parent(of: repair.path))
            } else {
                let file = try fileSystem.open(repair.path, .update)
                try file.truncate(to: repair.offset)
                try file.sync()
            }
        }
    }
}

extension Zxid {
    /// Whether no transaction can lie between `other` and this one.
    ///
    /// Equal zxids count: a log may hold one twice.
    fileprivate func follows(_ other: Zxid) -> Bool {
        self == other || self == other.next || (epoch > other.epoch && counter <= 1)
    }
}
