import Jute
public import Records

/// Reads a snapshot file into a sink and checks all its seals.
public enum SnapshotFileReader {
    /// Reads the whole file.
    ///
    /// After an error the sink holds a part, and must be reset. Offsets in errors count in the
    /// uncompressed bytes, where those are wrong.
    public static func read(
        _ file: DataFile, in fileSystem: any FileSystem, into sink: inout some SnapshotSink
    ) throws(StorageError) -> SnapshotTrailer {
        let handle = try fileSystem.open(file.path, .read)
        var source: any ByteSource
        // How long a compressed one is shows only at its end.
        var sizeMax = Int64.max
        switch SnapshotCompression(of: file.name) {
        case .gzip: source = try GzipBytes(handle)
        case .snappy: source = try SnappyBytes(handle)
        case nil:
            source = PlainBytes(handle)
            sizeMax = try handle.size()
        }
        return try read(&source, path: file.path, sizeMax: sizeMax, into: &sink)
    }

    /// Reads all of a source, which has no more than `sizeMax` bytes.
    static func read(
        _ source: inout any ByteSource, path: String, sizeMax: Int64 = .max,
        into sink: inout some SnapshotSink
    ) throws(StorageError) -> SnapshotTrailer {
        var bytes: [UInt8] = []
        try gather(SnapshotFormat.headerSize, &bytes, from: &source)
        guard bytes.count >= SnapshotFormat.headerSize,
            bytes.starts(with: SnapshotFormat.header.prefix(4))
        else {
            throw StorageError(
                .damaged, "does not start as a snapshot", path: path, offset: 0)
        }
        var adler = Adler32()
        adler.update(bytes.rawSpan.extracting(0..<SnapshotFormat.headerSize))
        bytes.removeFirst(SnapshotFormat.headerSize)
        var parser = SnapshotParser(sizeMax: sizeMax - Int64(SnapshotFormat.headerSize))
        let end = try readBody(
            &bytes, from: &source, &adler, path: path, with: &parser, into: &sink)
        try gather(SnapshotFormat.trailerSizeMax, &bytes, from: &source)
        return try readTrailer(bytes, at: end, adler, path: path)
    }

    /// Takes at least `count` bytes from the source, unless it ends before.
    private static func gather(
        _ count: Int, _ bytes: inout [UInt8], from source: inout any ByteSource
    ) throws(StorageError) {
        while bytes.count < count {
            let chunk = try source.next()
            if chunk.isEmpty { return }
            bytes += chunk
        }
    }

    /// Returns where the body ends, and leaves what is behind it in `bytes`.
    private static func readBody(
        _ bytes: inout [UInt8], from source: inout any ByteSource, _ adler: inout Adler32,
        path: String, with parser: inout SnapshotParser, into sink: inout some SnapshotSink
    ) throws(StorageError) -> Int64 {
        let start = Int64(SnapshotFormat.headerSize)
        while true {
            let taken: Int
            do throws(SnapshotError) {
                taken = try parser.feed(bytes.rawSpan, into: &sink)
            } catch {
                throw StorageError(
                    .damaged, "holds \(error)", path: path, offset: start + parser.offset)
            }
            adler.update(bytes.rawSpan.extracting(0..<taken))
            if parser.isComplete {
                bytes.removeFirst(taken)
                return start + parser.offset
            }
            bytes = try source.next()
            guard !bytes.isEmpty else {
                throw StorageError(
                    .damaged, "ends within its body", path: path, offset: start + parser.offset)
            }
        }
    }

    /// Which parts there are is told by how many bytes are left, as the reference's own way, its
    /// present settings, rejects files that were written with others.
    private static func readTrailer(
        _ bytes: [UInt8], at offset: Int64, _ adler: Adler32, path: String
    ) throws(StorageError) -> SnapshotTrailer {
        var reader = SealedReader(adler, bytes, at: offset, path: path)
        var trailer = SnapshotTrailer(digest: nil, lastZxid: nil)
        try reader.checkSeal()
        let lastZxidSize = SnapshotFormat.lastZxidSize + SnapshotFormat.sealSize
        if reader.remaining != 0, reader.remaining != lastZxidSize {
            trailer.digest = try reader.readDigest()
            try reader.checkSeal()
        }
        if reader.remaining == lastZxidSize {
            trailer.lastZxid = Zxid(try reader.readInt64())
            try reader.checkSeal()
        }
        guard reader.remaining == 0 else {
            throw reader.failure("has bytes behind its last seal")
        }
        return trailer
    }
}

/// Reads the parts behind the body, each of which ends with a seal over everything before.
private struct SealedReader {
    private var adler: Adler32
    private let bytes: [UInt8]
    private let offset: Int64
    private let path: String
    private var position = 0
    private var summed = 0

    init(_ adler: Adler32, _ bytes: [UInt8], at offset: Int64, path: String) {
        self.adler = adler
        self.bytes = bytes
        self.offset = offset
        self.path = path
    }

    var remaining: Int { bytes.count - position }

    func failure(_ message: String) -> StorageError {
        StorageError(.damaged, message, path: path, offset: offset + Int64(position))
    }

    mutating func take(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining >= count else { throw failure("ends within its seals") }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func readInt64() throws(StorageError) -> Int64 {
        let value = try take(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        return Int64(bitPattern: value)
    }

    mutating func readInt32() throws(StorageError) -> Int32 {
        let value = try take(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        return Int32(bitPattern: value)
    }

    mutating func checkSeal() throws(StorageError) {
        var sum = adler
        sum.update(bytes.rawSpan.extracting(summed..<position))
        adler = sum
        summed = position
        let seal = try readInt64()
        guard seal == adler.long, try take(5).elementsEqual(SnapshotFormat.sealEnd) else {
            throw failure("does not match its seal")
        }
    }

    mutating func readDigest() throws(StorageError) -> SnapshotDigest {
        let zxid = Zxid(try readInt64())
        let version = try readInt32()
        if version >= TransactionDigest.version {
            let digest = UInt64(bitPattern: try readInt64())
            return SnapshotDigest(zxid: zxid, version: version, digest: digest)
        }
        // Before 3.6.0 was released, the digest was text.
        let text = try take(Int(try readInt32()))
        let digest = UInt64(String(decoding: text, as: UTF8.self), radix: 16) ?? 0
        return SnapshotDigest(zxid: zxid, version: version, digest: digest)
    }
}
