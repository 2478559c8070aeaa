import Jute
public import Records

/// Writes a snapshot file, piece by piece, with its seals.
///
/// It grows under a name that nobody takes for a snapshot, and gets its own only when it is whole
/// and synced: a crash leaves an old state or a new one, never a part. The reference writes
/// background snapshots under the final name and lets the next start sort out the broken
/// ones; this costs one rename more and no start ever meets one. (`snapshot.1f.tmp` would not do:
/// to Apache ZooKeeper that is a snapshot too.)
public struct SnapshotFileWriter: ~Copyable, Sendable {
    /// What names of unfinished files start with.
    static let unfinishedPrefix = "unfinished-snapshot."
    /// The body is written, and compressed, in pieces of this size.
    private static let bufferSize = 256 << 10
    /// After this many bytes the file is synced, so that the last sync is short and the log, which
    /// shares the disk, never waits for a whole snapshot.
    private static let syncInterval: Int64 = 16 << 20

    private let fileSystem: any FileSystem
    private let file: DataFile
    private let unfinishedPath: String
    private let handle: any FileHandle
    private var encoder: SnapshotEncoder
    private var buffer = JuteWriter()
    private var adler = Adler32()
    private var written: Int64 = 0
    private var synced: Int64 = 0

    /// Begins the snapshot that is named after `zxid`.
    public init(
        _ zxid: Zxid, in directory: String, of fileSystem: any FileSystem,
        compression: SnapshotCompression? = nil
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.file = DataFile(.snapshot, zxid, in: directory, compression: compression)
        self.encoder = SnapshotEncoder(compression)
        self.unfinishedPath = directory + "/" + Self.unfinishedPrefix + zxid.hex
        self.handle = try fileSystem.open(unfinishedPath, .replace)
        buffer.writeBytes(SnapshotFormat.header)
    }

    /// Adds the next piece of the body: sessions, ACL table, znodes, end mark.
    public mutating func append(_ piece: RawSpan) throws(StorageError) {
        var start = 0
        while start < piece.byteCount {
            let room = max(Self.bufferSize - buffer.count, 1)
            let end = min(start + room, piece.byteCount)
            buffer.writeBytes(piece.extracting(start..<end))
            start = end
            if buffer.count >= Self.bufferSize { try flush() }
        }
    }

    /// Adds the next piece of the body.
    public mutating func append(_ piece: [UInt8]) throws(StorageError) {
        try append(piece.rawSpan)
    }

    /// Seals the snapshot and gives it its name; durable on return.
    public consuming func finish(_ trailer: SnapshotTrailer) throws(StorageError) -> DataFile {
        do throws(StorageError) {
            try seal()
            if let digest = trailer.digest {
                buffer.writeInt64(digest.zxid.rawValue)
                buffer.writeInt32(digest.version)
                buffer.writeInt64(Int64(bitPattern: digest.digest))
                try seal()
            }
            if let lastZxid = trailer.lastZxid {
                buffer.writeInt64(lastZxid.rawValue)
                try seal()
            }
            try flush()
            let end = encoder.finish()
            try handle.write(end.rawSpan, at: written)
            try handle.sync()
            try fileSystem.rename(unfinishedPath, to: file.path)
        } catch {
            try? fileSystem.remove(unfinishedPath)
            throw error
        }
        try fileSystem.syncDirectory(file.directory)
        return file
    }

    /// Gives the snapshot up and removes what was written of it.
    public consuming func abandon() {
        // What cannot be removed now is removed at the next start.
        try? fileSystem.remove(unfinishedPath)
    }

    private mutating func seal() throws(StorageError) {
        try flush()
        buffer.writeInt64(adler.long)
        buffer.writeBytes(SnapshotFormat.sealEnd)
    }

    private mutating func flush() throws(StorageError) {
        var sum = adler
        sum.update(buffer.bytes)
        adler = sum
        var encoder = SnapshotEncoder.plain
        swap(&encoder, &self.encoder)
        if let encoded = encoder.encode(buffer.bytes) {
            try handle.write(encoded.rawSpan, at: written)
            written += Int64(encoded.count)
        } else {
            try handle.write(buffer.bytes, at: written)
            written += Int64(buffer.count)
        }
        self.encoder = encoder
        buffer.removeAll()
        if written - synced >= Self.syncInterval {
            try handle.sync()
            synced = written
        }
    }
}

extension DataDirectories {
    /// Removes snapshots that were never finished; nobody may be writing one.
    func removeUnfinished(in fileSystem: any FileSystem) throws(StorageError) {
        for name in try fileSystem.list(snapshots)
        where name.hasPrefix(SnapshotFileWriter.unfinishedPrefix) {
            try fileSystem.remove(snapshots + "/" + name)
        }
    }
}
