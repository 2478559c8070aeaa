import Jute
public import Records

/// The digest of the tree that a snapshot holds, and the transaction it belongs to.
///
/// A snapshot is taken while transactions are applied, so this one is later than its name.
public struct SnapshotDigest: Equatable, Sendable {
    /// The last transaction the digest includes; zero if this server has applied none yet.
    public var zxid: Zxid
    /// The version of the digest algorithm.
    public var version: Int32
    /// The sum over all znodes.
    public var digest: UInt64

    /// A digest by the present algorithm.
    public init(
        zxid: Zxid, version: Int32 = TransactionDigest.version, digest: UInt64
    ) {
        self.zxid = zxid
        self.version = version
        self.digest = digest
    }

    /// In the place of a digest that nobody knows: of no algorithm's version, so that nobody, Apache
    /// ZooKeeper included, compares anything up to this transaction.
    public static func unknown(at zxid: Zxid) -> SnapshotDigest {
        SnapshotDigest(zxid: zxid, version: .max, digest: 0)
    }
}

/// What stands behind the body of a snapshot file; each part may be missing.
public struct SnapshotTrailer: Equatable, Sendable {
    /// The digest of the tree.
    public var digest: SnapshotDigest?
    /// The last transaction applied when the file was finished.
    public var lastZxid: Zxid?

    /// Where there is nothing to say it of.
    public static let none = SnapshotTrailer(digest: nil, lastZxid: nil)

    /// A trailer of these parts.
    public init(digest: SnapshotDigest?, lastZxid: Zxid?) {
        self.digest = digest
        self.lastZxid = lastZxid
    }
}

/// The file's form: header, body, then up to three parts, each with a seal behind it.
enum SnapshotFormat {
    /// "ZKSN".
    static let magic: Int32 = 0x5a4b_534e
    static let headerSize = 16
    /// A checksum over everything before it, and the path `/`.
    static let sealSize = 13
    /// What every whole file ends with.
    static let sealEnd: [UInt8] = [0, 0, 0, 1, UInt8(ascii: "/")]
    static let lastZxidSize = 8
    /// Larger than any trailer: three seals, a digest, even in the form of old, and a zxid.
    static let trailerSizeMax = 256

    static var header: [UInt8] {
        var writer = JuteWriter(capacity: headerSize)
        writer.writeInt32(magic)
        writer.writeInt32(2)
        writer.writeInt64(-1)
        return writer.copyBytes()
    }

    static let snappyMagic: [UInt8] = [0x82] + Array("SNAPPY\0".utf8)
}

/// Whether a file may be a whole snapshot, from a look at its end or beginning.
public enum SnapshotProbe {
    /// Whether the file passes for whole; only reading it shows whether it is.
    public static func isPlausible(
        _ file: DataFile, in fileSystem: any FileSystem
    ) throws(StorageError) -> Bool {
        guard try fileSystem.exists(file.path) else { return false }
        let handle = try fileSystem.open(file.path, .read)
        let size = try handle.size()
        guard size >= 10 else { return false }
        switch SnapshotCompression(of: file.name) {
        case .gzip: return try handle.read(at: 0, count: 2) == [0x1f, 0x8b]
        case .snappy: return try handle.read(at: 0, count: 8) == SnapshotFormat.snappyMagic
        case nil: return try handle.read(at: size - 5, count: 5) == SnapshotFormat.sealEnd
        }
    }
}
