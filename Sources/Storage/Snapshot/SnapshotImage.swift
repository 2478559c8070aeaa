import Jute
public import Records

/// A snapshot file's bytes without a file: what goes out to, and comes from, other places.
public enum SnapshotImage {
    /// The bytes of the file that holds `body`.
    public static func make(body: [UInt8], trailer: SnapshotTrailer) -> [UInt8] {
        var image = JuteWriter(capacity: body.count + SnapshotFormat.trailerSizeMax)
        image.writeBytes(SnapshotFormat.header)
        image.writeBytes(body)
        var adler = Adler32()
        var summed = 0
        seal(&image, &adler, &summed)
        if let digest = trailer.digest {
            image.writeInt64(digest.zxid.rawValue)
            image.writeInt32(digest.version)
            image.writeInt64(Int64(bitPattern: digest.digest))
            seal(&image, &adler, &summed)
        }
        if let lastZxid = trailer.lastZxid {
            image.writeInt64(lastZxid.rawValue)
            seal(&image, &adler, &summed)
        }
        return image.copyBytes()
    }

    private static func seal(_ image: inout JuteWriter, _ adler: inout Adler32, _ summed: inout Int)
    {
        adler.update(image.bytes.extracting(summed..<image.count))
        summed = image.count
        image.writeInt64(adler.long)
        image.writeBytes(SnapshotFormat.sealEnd)
    }

    /// Reads such bytes into a sink and checks all seals.
    ///
    /// After an error the sink holds a part, and must be reset.
    public static func read(
        _ bytes: RawSpan, into sink: inout some SnapshotSink
    ) throws(StorageError) -> SnapshotTrailer {
        var source: any ByteSource = MemoryBytes(Array(copying: bytes))
        return try SnapshotFileReader.read(&source, path: "the snapshot sent", into: &sink)
    }
}

/// Bytes that are in memory, in pieces as if from a file.
private struct MemoryBytes: ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    mutating func next() throws(StorageError) -> [UInt8] {
        defer { rest = rest.dropFirst(64 << 10) }
        return Array(rest.prefix(64 << 10))
    }
}
