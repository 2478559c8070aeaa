import Jute
public import Records

/// A transaction as the log holds it: the bytes of header, body and digest.
public struct LogEntry: Equatable, Sendable {
    /// Its place in history; the same as in its header.
    public var zxid: Zxid
    /// Header, body and digest.
    public var bytes: [UInt8]

    /// An entry of these bytes.
    public init(zxid: Zxid, bytes: [UInt8]) {
        self.zxid = zxid
        self.bytes = bytes
    }
}

/// The log's form on disk: a header, then records of checksum, length, entry and an end byte.
enum LogFormat {
    /// "ZKLG".
    static let magic: Int32 = 0x5a4b_4c47
    static let headerSize = 16
    /// Checksum and length.
    static let prefixSize = 12
    /// 'B', which a record cut by a crash does not have yet.
    static let endByte: UInt8 = 0x42
    /// What a record takes besides its entry.
    static let overhead = prefixSize + 1
    /// A transaction header: no entry is smaller.
    static let entrySizeMin = 32
    /// Far above what a server accepts from clients, as that may have been lowered since.
    static let entrySizeMax = Transaction.sizeMax

    static var header: [UInt8] {
        var writer = JuteWriter(capacity: headerSize)
        writer.writeInt32(magic)
        writer.writeInt32(2)
        writer.writeInt64(0)
        return writer.copyBytes()
    }
}

/// Records on their way to the disk, already in their final form.
///
/// The thread that decides fills one while the log thread writes another.
public struct LogBatch: ~Copyable, Sendable {
    var records: JuteWriter
    /// The zxid of the first record; nil if there is none.
    public private(set) var firstZxid: Zxid?
    /// The zxid of the last record; nil if there is none.
    public private(set) var lastZxid: Zxid?
    /// How many records it holds.
    public private(set) var recordCount = 0
    /// The first transaction that was not taken, as it could never be read back.
    private(set) var malformedZxid: Zxid?

    /// An empty batch.
    public init(capacity: Int = 64 << 10) { self.records = JuteWriter(capacity: capacity) }

    /// Whether it holds no record.
    public var isEmpty: Bool { recordCount == 0 }
    /// The bytes it will take in the file.
    public var byteCount: Int { records.count }

    /// Adds a record.
    ///
    /// Bytes that do not start with the header of that transaction make the batch impossible to
    /// commit: once in the log, they would stop every start to come.
    public mutating func append(zxid: Zxid, entry: RawSpan) {
        guard Self.isReadable(entry, as: zxid) else {
            malformedZxid = malformedZxid ?? zxid
            return
        }
        records.writeInt64(Int64(Adler32.checksum(entry)))
        records.writeBuffer(entry)
        records.writeByte(LogFormat.endByte)
        if firstZxid == nil { firstZxid = zxid }
        lastZxid = zxid
        recordCount += 1
    }

    /// Adds a record.
    public mutating func append(_ entry: LogEntry) {
        append(zxid: entry.zxid, entry: entry.bytes.rawSpan)
    }

    private static func isReadable(_ entry: RawSpan, as zxid: Zxid) -> Bool {
        guard entry.byteCount <= LogFormat.entrySizeMax else { return false }
        var reader = JuteReader(entry)
        guard let header = try? TransactionHeader(from: &reader) else { return false }
        return header.zxid == zxid
    }

    /// Forgets all records; keeps the memory, unless a burst made it large.
    public mutating func removeAll() {
        if records.count > 8 << 20 {
            records = JuteWriter(capacity: 64 << 10)
        } else {
            records.removeAll()
        }
        firstZxid = nil
        lastZxid = nil
        recordCount = 0
        malformedZxid = nil
    }
}
