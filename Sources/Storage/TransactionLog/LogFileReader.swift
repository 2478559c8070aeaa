import Jute
import Mutants
import Records

/// A record as it was found in a file.
struct LogRecord {
    let zxid: Zxid
    let entry: [UInt8]
    /// Where it starts.
    let offset: Int64
    /// Where it ends.
    let end: Int64
}

/// Reads one log file, record by record, up to the first thing that is not a record.
///
/// Whether that thing is a harmless end, the trace of a crash or damage depends on what comes after
/// it, in this file and in the next: `LogTail` judges.
struct LogFileReader: ~Copyable {
    /// What the first 16 bytes are.
    enum Header: Equatable {
        case sound
        /// The beginning of a header, and at most zeros behind it: a crash cut the file's making.
        case unfinished
        case foreign
    }

    /// Why there is no further record.
    enum Stop: Equatable {
        /// The file ends where a record could start.
        case endOfFile
        /// A length of 0: space that is prepared for records to come.
        case endMark
        /// The record is longer than the rest of the file.
        case cutOff
        /// The end byte is another one.
        case badEndByte
        case badChecksum
        case badLength(Int)

        var isClean: Bool { self == .endOfFile || self == .endMark }

        var message: String {
            switch self {
            case .endOfFile, .endMark: "the records end"
            case .cutOff: "a record is cut off"
            case .badEndByte: "a record does not end with its end byte"
            case .badChecksum: "a record does not match its checksum"
            case .badLength(let length): "a record has the length \(length)"
            }
        }
    }

    enum Outcome {
        case record(LogRecord)
        case stopped(Stop, at: Int64)
    }

    let log: DataFile
    let header: Header
    var window: FileWindow
    private var position = Int64(LogFormat.headerSize)

    var size: Int64 { window.size }

    init(_ log: DataFile, in fileSystem: any FileSystem) throws(StorageError) {
        self.log = log
        var window = try FileWindow(fileSystem.open(log.path, .read))
        self.header = try Self.readHeader(&window)
        self.window = window
    }

    private static func readHeader(_ window: inout FileWindow) throws(StorageError) -> Header {
        let header = try window.bytes(at: 0, count: LogFormat.headerSize)
        guard header.count == LogFormat.headerSize else { return .unfinished }
        if header.starts(with: LogFormat.header.prefix(4)) { return .sound }
        let written = zip(header, LogFormat.header).prefix { $0 == $1 }.count
        if try window.firstNonZero(from: Int64(written)) == nil { return .unfinished }
        return .foreign
    }

    /// The next record.
    mutating func next() throws(StorageError) -> Outcome {
        switch try record(at: position) {
        case .record(let record):
            position = record.end
            return .record(record)
        case .stopped(let stop, let offset):
            return .stopped(stop, at: offset)
        }
    }

    /// The record that starts at `offset`, if one does.
    mutating func record(at offset: Int64) throws(StorageError) -> Outcome {
        let rest = window.size - offset
        if rest <= 0 { return .stopped(.endOfFile, at: offset) }
        guard rest >= LogFormat.prefixSize else {
            let tail = try window.bytes(at: offset, count: Int(rest))
            let isZero = tail.allSatisfy { $0 == 0 }
            return .stopped(isZero ? .endMark : .cutOff, at: offset)
        }
        guard let start = try window.load(at: offset, count: LogFormat.prefixSize) else {
            return .stopped(.cutOff, at: offset)
        }
        let checksum = window.int64(at: start)
        let length = Int(window.int32(at: start + 8))
        if length == 0 { return .stopped(.endMark, at: offset) }
        guard length > 0, length <= LogFormat.entrySizeMax else {
            return .stopped(.badLength(length), at: offset)
        }
        let size = length + LogFormat.overhead
        guard let start = try window.load(at: offset, count: size) else {
            return .stopped(.cutOff, at: offset)
        }
        guard window.byte(at: start + size - 1) == LogFormat.endByte else {
            return .stopped(.badEndByte, at: offset)
        }
        let entry = window.copy(at: start + LogFormat.prefixSize, count: length)
        guard Int64(Adler32.checksum(entry.rawSpan)) == checksum || Mutant.checksumsIgnored.isOn
        else {
            return .stopped(.badChecksum, at: offset)
        }
        guard length >= LogFormat.entrySizeMin else {
            return .stopped(.badLength(length), at: offset)
        }
        // The zxid stands behind session and cxid.
        let zxid = Zxid(window.int64(at: start + LogFormat.prefixSize + 12))
        return .record(
            LogRecord(zxid: zxid, entry: entry, offset: offset, end: offset + Int64(size)))
    }
}
