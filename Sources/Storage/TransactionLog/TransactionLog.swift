import Jute
internal import Mutants
public import Records

/// The writing end of the transaction log: appends, and knows what is durable.
///
/// Nothing appended is certain until `commit` returns, which writes all of it in one piece and
/// syncs once. After any error of a write or a sync the log is *poisoned*: every later commit fails
/// too, because a record behind bytes that may be missing could never be read back. The server must
/// then stop; its next start reads what is certain.
///
/// A file once closed is never appended to: the first commit after a start or a roll makes
/// `log.<its first zxid>`. Its header and its name are durable before it gets its first record, so
/// that a start may take a log without a whole header for one that never held anything.
///
/// **Preallocation.** A sync that changes no metadata costs half of one that does, so the file
/// is kept ahead of its end with real zeros: `prepareAhead`, called when acknowledgements are on
/// their way, adds 64 KiB at first and twice as much each time, up to 4 MiB or the configured
/// limit. (The reference extends sparsely by 64 MiB, which saves nothing at the sync; 64 MiB of real
/// zeros would cost a start its time.) Readers accept any amount of zeros at the end, and none.
///
/// It knows of no thread: whoever owns it calls it, one call at a time.
public struct TransactionLog: ~Copyable, Sendable {
    /// How a log is written.
    public struct Options: Sendable {
        /// The most that a file is kept ahead of its end, in bytes; 0 turns it off.
        public var preallocationMax: Int64 = 4 << 20
        /// A file larger than this is followed by a new one.
        public var fileSizeMax: Int64?
        /// Off, a loss of power loses acknowledged writes: `forceSync=no`.
        public var isSyncForced = true

        /// The defaults.
        public init() {}
    }

    private struct OpenFile {
        let handle: any FileHandle
        /// Where the next record goes.
        var end: Int64
        /// The size of the file, zeros ahead included.
        var size: Int64
        /// By how much it was extended last.
        var lastExtension: Int64 = 0
    }

    private static let extensionMin: Int64 = 64 << 10
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    private let fileSystem: any FileSystem
    /// The directory the log files are in.
    public let directory: String
    private let options: Options
    private var file: OpenFile?
    private var batch = LogBatch()
    private var failure: StorageError?
    /// The last zxid that is certain to survive, of those committed through this writer.
    public private(set) var lastDurable: Zxid?
    /// The size of the present file, prepared space included; 0 if none is open.
    public var fileSize: Int64 { file?.size ?? 0 }

    /// A writer into `directory`; no file is made before the first commit.
    public init(
        in directory: String, of fileSystem: any FileSystem, options: Options = Options()
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.options = options
    }

    /// Takes a record for the next commit.
    public mutating func append(zxid: Zxid, entry: RawSpan) {
        batch.append(zxid: zxid, entry: entry)
    }

    /// Takes a record for the next commit.
    public mutating func append(_ entry: LogEntry) { batch.append(entry) }

    /// Makes all appended records durable and returns the last zxid that is.
    @discardableResult
    public mutating func commit() throws(StorageError) -> Zxid? {
        var taken = LogBatch(capacity: 16)
        swap(&taken, &batch)
        defer { swap(&taken, &batch) }
        return try commit(&taken)
    }

    /// Makes the records of `batch` durable, empties it, and returns the last zxid that is.
    ///
    /// For a driver that encodes records on one thread and writes them on another.
    @discardableResult
    public mutating func commit(_ batch: inout LogBatch) throws(StorageError) -> Zxid? {
        try checkNotPoisoned()
        if let zxid = batch.malformedZxid {
            let error = StorageError(
                .refused, "was to take transaction \(zxid), whose bytes are no transaction",
                path: directory,
                advice: "this is a defect of the server that sent it; start this one again")
            failure = error
            throw error
        }
        guard let first = batch.firstZxid else { return lastDurable }
        do throws(StorageError) {
            try write(batch.records.bytes, first: first)
        } catch {
            failure = error
            throw error
        }
        lastDurable = batch.lastZxid
        batch.removeAll()
        if let limit = options.fileSizeMax, fileSize > limit { closeFile() }
        return lastDurable
    }

    private mutating func write(_ records: RawSpan, first: Zxid) throws(StorageError) {
        var open: OpenFile
        if let file {
            open = file
        } else {
            open = try makeFile(first: first)
        }
        file = nil
        try open.handle.write(records, at: open.end)
        if Mutant.failedSyncPassedOver.isOn {
            try? open.handle.sync()
        } else if options.isSyncForced, !Mutant.logUnsynced.isOn {
            try open.handle.sync()
        }
        open.end += Int64(records.byteCount)
        open.size = max(open.size, open.end)
        file = open
    }

    private func makeFile(first: Zxid) throws(StorageError) -> OpenFile {
        let log = DataFile(.log, first, in: directory)
        try checkReplaceable(log)
        let handle = try fileSystem.open(log.path, .replace)
        let header = LogFormat.header
        try handle.write(header.rawSpan, at: 0)
        if options.isSyncForced { try handle.sync() }
        try fileSystem.syncDirectory(directory)
        let size = Int64(LogFormat.headerSize)
        return OpenFile(handle: handle, end: size, size: size)
    }

    /// A file of the same name may hold no record: else history would be overwritten.
    private func checkReplaceable(_ log: DataFile) throws(StorageError) {
        guard try fileSystem.exists(log.path) else { return }
        var reader = try LogFileReader(log, in: fileSystem)
        guard case .sound = reader.header, case .record(let record) = try reader.next() else {
            return
        }
        throw StorageError(
            .refused, "holds transaction \(record.zxid) already, and would be overwritten",
            path: log.path, offset: record.offset,
            advice: "start the server again: it reads the log before it writes")
    }

    /// Extends the file ahead of its end if that is near; call it when nobody waits for a commit.
    public mutating func prepareAhead() throws(StorageError) {
        try checkNotPoisoned()
        guard options.preallocationMax > 0, var open = file else { return }
        guard open.size - open.end <= open.lastExtension / 2 else { return }
        let wanted = max(open.lastExtension * 2, Self.extensionMin)
        open.lastExtension = min(wanted, options.preallocationMax)
        file = nil
        do throws(StorageError) {
            try extend(&open)
        } catch {
            failure = error
            throw error
        }
        file = open
    }

    private func extend(_ open: inout OpenFile) throws(StorageError) {
        let target = open.end + open.lastExtension
        do throws(StorageError) {
            while open.size < target {
                let count = Int(min(target - open.size, Int64(Self.zeros.count)))
                try open.handle.write(
                    Self.zeros.rawSpan.extracting(0..<count), at: open.size)
                open.size += Int64(count)
            }
        } catch  where error.code == .noSpace {
            // Only an optimisation: what is left of the disk is better kept for records.
            open.size = try open.handle.size()
        }
        if options.isSyncForced, !Mutant.logUnsynced.isOn { try open.handle.sync() }
    }

    /// Commits what was appended and lets the next record start a new file.
    public mutating func roll() throws(StorageError) {
        try commit()
        closeFile()
    }

    /// Drops what was appended and not committed, and lets the next record start a new file: before
    /// files are cut or removed underneath.
    public mutating func reset() {
        batch.removeAll()
        closeFile()
    }

    private mutating func closeFile() { file = nil }

    private func checkNotPoisoned() throws(StorageError) {
        guard let failure else { return }
        throw StorageError(
            .poisoned, "an earlier write failed: \(failure.message)", path: failure.path,
            offset: failure.offset)
    }
}
