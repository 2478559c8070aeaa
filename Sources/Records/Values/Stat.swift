public import Jute

/// What a server keeps of a znode besides its data and ACL: 60 bytes on disk.
public struct StatPersisted: Equatable, Sendable {
    /// Size on the disk and the wire, in bytes.
    public static let size = 60

    /// The transaction that created the znode.
    public var czxid: Zxid
    /// The last transaction that changed its data.
    public var mzxid: Zxid
    /// When it was created, ms since 1970 by the leader's clock.
    public var ctime: Int64
    /// When its data changed last, ms since 1970 by the leader's clock.
    public var mtime: Int64
    /// How often its data changed.
    public var version: Int32
    /// How often a child was created (clients see `2 * cversion - children`).
    public var cversion: Int32
    /// How often its ACL changed.
    public var aversion: Int32
    /// The session of an ephemeral; the marks of container and TTL znodes; 0 otherwise.
    public var ephemeralOwner: Int64
    /// The last transaction that created or deleted a child.
    public var pzxid: Zxid

    /// Makes one of these values.
    public init(
        czxid: Zxid = .zero, mzxid: Zxid = .zero, ctime: Int64 = 0, mtime: Int64 = 0,
        version: Int32 = 0, cversion: Int32 = 0, aversion: Int32 = 0, ephemeralOwner: Int64 = 0,
        pzxid: Zxid = .zero
    ) {
        self.czxid = czxid
        self.mzxid = mzxid
        self.ctime = ctime
        self.mtime = mtime
        self.version = version
        self.cversion = cversion
        self.aversion = aversion
        self.ephemeralOwner = ephemeralOwner
        self.pzxid = pzxid
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.czxid = Zxid(try reader.readInt64())
        self.mzxid = Zxid(try reader.readInt64())
        self.ctime = try reader.readInt64()
        self.mtime = try reader.readInt64()
        self.version = try reader.readInt32()
        self.cversion = try reader.readInt32()
        self.aversion = try reader.readInt32()
        self.ephemeralOwner = try reader.readInt64()
        self.pzxid = Zxid(try reader.readInt64())
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(czxid.rawValue)
        writer.writeInt64(mzxid.rawValue)
        writer.writeInt64(ctime)
        writer.writeInt64(mtime)
        writer.writeInt32(version)
        writer.writeInt32(cversion)
        writer.writeInt32(aversion)
        writer.writeInt64(ephemeralOwner)
        writer.writeInt64(pzxid.rawValue)
    }
}

/// What a client sees of a znode besides its data: 68 bytes on the wire.
public struct Stat: Equatable, Sendable {
    /// Size on the wire, in bytes.
    public static let size = 68

    /// The transaction that created the znode.
    public var czxid: Zxid
    /// The transaction that changed its data last.
    public var mzxid: Zxid
    /// Milliseconds since 1970.
    public var ctime: Int64
    /// Milliseconds since 1970.
    public var mtime: Int64
    /// The version.
    public var version: Int32
    /// The cversion.
    public var cversion: Int32
    /// The aversion.
    public var aversion: Int32
    /// The session of an ephemeral, otherwise 0 (container and TTL marks are not shown).
    public var ephemeralOwner: Int64
    /// Bytes of data, 0 for null.
    public var dataLength: Int32
    /// Direct children.
    public var numChildren: Int32
    /// The transaction that changed its children last.
    public var pzxid: Zxid

    /// The view of `persisted` that clients get.
    @inlinable
    public init(_ persisted: StatPersisted, dataLength: Int32, numChildren: Int32) {
        self.czxid = persisted.czxid
        self.mzxid = persisted.mzxid
        self.ctime = persisted.ctime
        self.mtime = persisted.mtime
        self.version = persisted.version
        self.cversion = persisted.cversion &* 2 &- numChildren
        self.aversion = persisted.aversion
        self.ephemeralOwner = OwnerKind(persisted.ephemeralOwner).visibleOwner
        self.dataLength = dataLength
        self.numChildren = numChildren
        self.pzxid = persisted.pzxid
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.czxid = Zxid(try reader.readInt64())
        self.mzxid = Zxid(try reader.readInt64())
        self.ctime = try reader.readInt64()
        self.mtime = try reader.readInt64()
        self.version = try reader.readInt32()
        self.cversion = try reader.readInt32()
        self.aversion = try reader.readInt32()
        self.ephemeralOwner = try reader.readInt64()
        self.dataLength = try reader.readInt32()
        self.numChildren = try reader.readInt32()
        self.pzxid = Zxid(try reader.readInt64())
    }

    /// Writes the record.
    @inlinable
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(czxid.rawValue)
        writer.writeInt64(mzxid.rawValue)
        writer.writeInt64(ctime)
        writer.writeInt64(mtime)
        writer.writeInt32(version)
        writer.writeInt32(cversion)
        writer.writeInt32(aversion)
        writer.writeInt64(ephemeralOwner)
        writer.writeInt32(dataLength)
        writer.writeInt32(numChildren)
        writer.writeInt64(pzxid.rawValue)
    }
}
