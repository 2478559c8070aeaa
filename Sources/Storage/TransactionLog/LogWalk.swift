public import Records

/// Something a crash left at the end of the log that is cut away at the start.
///
/// It was never acknowledged. It has to go because the next start would find it in a file that is
/// not the last one any more, where it could not be told from damage.
public struct LogRepair: Equatable, Sendable {
    /// The log file.
    public let path: String
    /// Where its sound part ends; 0 for a file that is removed whole.
    public let offset: Int64
    /// What was found there.
    public let reason: String
}

/// A step in the log that passes over zxids of one epoch.
///
/// By itself this is no damage: a snapshot from the leader leaves one.
public struct LogGap: Equatable, Sendable {
    /// The last transaction before it.
    public let after: Zxid
    /// The first one behind it.
    public let before: Zxid

    /// A gap between these two.
    public init(after: Zxid, before: Zxid) {
        self.after = after
        self.before = before
    }
}

/// Goes through the records of many log files in order, and tells harmless ends from damage.
///
/// The rules for each file's end, stricter than the reference's: a file followed
/// by others with records must end cleanly, or its successor must start exactly where it
/// stopped. In the last file that has records, and those behind it, what a crash can leave is
/// accepted and noted in `repairs`.
struct LogWalk: ~Copyable {
    enum Purpose {
        /// The server is starting: nobody writes.
        case start
        /// Somebody appends to the last file: how it ends means nothing.
        case live
    }

    private let fileSystem: any FileSystem
    private let purpose: Purpose
    private var files: [DataFile]
    private var index = 0
    /// The last file with a record; those behind it have none.
    private var lastIndex = 0
    private var reader: LogFileReader?
    private var last: Zxid?
    private(set) var repairs: [LogRepair] = []

    /// The file of the record that `next` gave last.
    var file: DataFile { files[index] }

    init(
        _ files: [DataFile], in fileSystem: any FileSystem, purpose: Purpose
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.files = files
        self.purpose = purpose
        try findLastIndex()
    }

    /// Removes files from consideration that were never finished being made, from the end.
    private mutating func findLastIndex() throws(StorageError) {
        var candidate = files.count - 1
        while candidate >= 0 {
            var reader = try LogFileReader(files[candidate], in: fileSystem)
            if reader.header == .unfinished {
                if purpose == .start {
                    repairs.append(
                        LogRepair(
                            path: files[candidate].path, offset: 0,
                            reason: "the file's making was not finished"))
                }
                files.remove(at: candidate)
            } else if reader.header == .sound, case .stopped = try reader.next(), candidate > 0 {
                // No record: perhaps the file before it was the last one written to.
            } else {
                break
            }
            candidate -= 1
        }
        lastIndex = max(candidate, 0)
    }

    /// The next record, or nil at the end of the log.
    mutating func next() throws(StorageError) -> LogRecord? {
        while index < files.count {
            var current: LogFileReader
            if let open = reader.take() {
                current = open
            } else {
                current = try open(files[index])
            }
            switch try current.next() {
            case .record(let record):
                last = record.zxid
                reader = consume current
                return record
            case .stopped(let stop, let offset):
                try judge(&current, stop, at: offset)
                if index == files.count - 1 { return nil }
                index += 1
            }
        }
        return nil
    }

    private func open(_ log: DataFile) throws(StorageError) -> LogFileReader {
        let reader = try LogFileReader(log, in: fileSystem)
        switch reader.header {
        case .sound: return reader
        case .unfinished:
            throw StorageError(
                .damaged, "has no header, and later logs hold transactions", path: log.path,
                offset: 0)
        case .foreign:
            throw StorageError(
                .damaged, "does not start as a transaction log", path: log.path, offset: 0)
        }
    }

    private mutating func judge(
        _ reader: inout LogFileReader, _ stop: LogFileReader.Stop, at offset: Int64
    ) throws(StorageError) {
        if purpose == .live, index >= lastIndex { return }
        // The first record of a file has the zxid of its name.
        let previous = last ?? Zxid(files[index].zxid.rawValue &- 1)
        let tail = try LogTail(&reader, stop: stop, at: offset, last: previous)
        if stop.isClean, !tail.hasRemains { return }
        if index >= lastIndex, tail.isHarmlessAtTheEnd(stop) {
            repairs.append(
                LogRepair(path: files[index].path, offset: offset, reason: stop.message))
        } else if index >= lastIndex || !isSuperseded(tail, stop) {
            let later = tail.laterRecord.map { ", and a sound one follows at offset \($0)" } ?? ""
            throw StorageError(
                .damaged, stop.message + later, path: files[index].path, offset: offset)
        }
    }

    /// Whether what cannot be read in the present file was written again to the next one.
    private func isSuperseded(_ tail: LogTail, _ stop: LogFileReader.Stop) -> Bool {
        let successor = files[index + 1].zxid
        // Without a record before it, it is the file's first one, whose zxid is the file's name. Were
        // that written again, it would be to a file of the same name.
        if let last, successor == last.next { return true }
        let epoch = last?.epoch ?? files[index].zxid.epoch
        return tail.isHarmlessAtTheEnd(stop) && successor.epoch > epoch
    }
}
