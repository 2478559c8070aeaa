public import Records

/// A stretch of the log on disk, read piece by piece for a learner that is too far behind for what
/// memory holds.
///
/// The whole stretch is looked at before the first piece is given out, since a learner that has
/// been given a beginning cannot be given a snapshot any more. It may be read while the log is
/// written, as long as its end is durable. Only one piece is ever in memory.
public struct LogRange: ~Copyable {
    /// Why a stretch cannot be had: then the learner needs a snapshot.
    public enum Refusal: Error, Equatable, Sendable {
        /// The log does not hold the transaction at which the learner stands.
        case startMissing
        /// Transactions are missing behind this one.
        case gap(after: Zxid)
        /// The log ends before the stretch does.
        case endMissing
        /// It is larger than allowed.
        case tooLarge
        /// Nobody wants it any more.
        case cancelled
        /// A file cannot be read, or was purged meanwhile.
        case unreadable(StorageError)
    }

    /// How much is read for one piece, in bytes.
    public static let pieceSize = 256 << 10

    private let end: Zxid
    /// The last transaction given out; at first, what the learner has.
    private var position: Zxid
    private var walk: LogWalk

    /// The transactions after `start` through `end`, if the log holds all of them.
    ///
    /// `bytesMax`: how large their entries may be together. `isCancelled` is asked before every
    /// record, as looking at a long stretch takes its time.
    public init(
        after start: Zxid, through end: Zxid, bytesMax: Int64, in directories: DataDirectories,
        of fileSystem: any FileSystem, isCancelled: () -> Bool = { false }
    ) throws(Refusal) {
        let found: (files: [DataFile], stretch: Stretch)
        do throws(StorageError) {
            found = try Self.look(
                Stretch(start: start, end: end, bytesMax: bytesMax), in: directories,
                of: fileSystem, isCancelled: isCancelled)
        } catch {
            throw .unreadable(error)
        }
        if let refusal = found.stretch.refusal { throw refusal }
        guard let last = found.stretch.last, last >= start else { throw .startMissing }
        guard last == end else { throw .endMissing }
        self.walk = try Self.walk(found.files, fileSystem)
        self.end = end
        self.position = start
    }

    private static func look(
        _ wanted: Stretch, in directories: DataDirectories, of fileSystem: any FileSystem,
        isCancelled: () -> Bool
    ) throws(StorageError) -> ([DataFile], Stretch) {
        var stretch = wanted
        let logs = try DataFile.list(.log, in: directories.logs, of: fileSystem)
        let files = DataFile.holding(from: stretch.start, of: logs)
        stretch.snapshots = try DataFile.list(
            .snapshot, in: directories.snapshots, of: fileSystem
        ).map(\.zxid)
        var walk = try LogWalk(files, in: fileSystem, purpose: .live)
        while stretch.wantsMore, let record = try walk.next() {
            if isCancelled() { stretch.refusal = .cancelled } else { stretch.take(record) }
        }
        return (files, stretch)
    }

    private static func walk(
        _ files: [DataFile], _ fileSystem: any FileSystem
    ) throws(Refusal) -> LogWalk {
        do throws(StorageError) {
            return try LogWalk(files, in: fileSystem, purpose: .live)
        } catch {
            throw .unreadable(error)
        }
    }

    /// The next transactions: as many as fit into `bytesMax` bytes, but at least one.
    public mutating func next(bytesMax: Int) throws(Refusal) -> [LogEntry] {
        var entries: [LogEntry] = []
        var bytes = 0
        while position < end, bytes < bytesMax {
            let record: LogRecord?
            do throws(StorageError) {
                record = try walk.next()
            } catch {
                throw .unreadable(error)
            }
            guard let record else { throw .endMissing }
            if record.zxid <= position { continue }
            position = record.zxid
            bytes += record.entry.count
            entries.append(LogEntry(zxid: record.zxid, bytes: record.entry))
        }
        return entries
    }

    /// Whether everything was given out.
    public var isComplete: Bool { position >= end }

    /// What was seen of the stretch so far.
    private struct Stretch {
        let start: Zxid
        let end: Zxid
        let bytesMax: Int64
        /// The zxids in the names of the snapshots.
        var snapshots: [Zxid] = []
        var last: Zxid?
        var bytes: Int64 = 0
        var refusal: Refusal?

        init(start: Zxid, end: Zxid, bytesMax: Int64) {
            self.start = start
            self.end = end
            self.bytesMax = bytesMax
        }

        var wantsMore: Bool {
            guard refusal == nil, let last else { return refusal == nil }
            return last < end
        }

        mutating func take(_ record: LogRecord) {
            let zxid = record.zxid
            defer { last = zxid }
            guard zxid > start else { return }
            // The start of an epoch is where a learner may stand without a record of it.
            guard let last, last == start || start.isEpochStart || last > start else {
                refusal = .startMissing
                return
            }
            // A log may hold a transaction twice.
            if zxid == last { return }
            guard isNext(zxid, last) else {
                refusal = .gap(after: last)
                return
            }
            bytes += Int64(record.entry.count)
            if bytes > bytesMax { refusal = .tooLarge }
        }

        /// Whether nothing lies between the two.
        ///
        /// The last transactions of an earlier epoch leave no hole in the numbers when they are
        /// missing. But if a leader's snapshot brought them, its name tells.
        private func isNext(_ zxid: Zxid, _ last: Zxid) -> Bool {
            if zxid == last.next { return true }
            guard zxid.epoch > last.epoch, zxid.counter == 1 else { return false }
            return !snapshots.contains { $0 > last && $0 < zxid && !$0.isEpochStart }
        }
    }
}

extension LogRange.Refusal: CustomStringConvertible {
    /// Why, as half a sentence.
    public var description: String {
        switch self {
        case .startMissing: "it does not hold the learner's last transaction"
        case .gap(let zxid): "it has a gap behind \(zxid)"
        case .endMissing: "it ends too early"
        case .tooLarge: "a snapshot is cheaper than so much of it"
        case .cancelled: "nobody wants it any more"
        case .unreadable(let error): "\(error)"
        }
    }
}
