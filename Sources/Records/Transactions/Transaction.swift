public import Jute

/// What every transaction starts with, on the wire and in the log: 32 bytes.
public struct TransactionHeader: Equatable, Sendable {
    /// The session that asked; 0 for the server's own.
    public var session: SessionID
    /// The xid of the request; 0 for the server's own.
    public var cxid: Xid
    /// The place in history.
    public var zxid: Zxid
    /// Milliseconds since 1970 by the leader's clock.
    public var time: Int64
    /// The kind.
    public var type: OpCode

    /// Makes one of these values.
    public init(session: SessionID, cxid: Xid, zxid: Zxid, time: Int64, type: OpCode) {
        self.session = session
        self.cxid = cxid
        self.zxid = zxid
        self.time = time
        self.type = type
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.session = SessionID(try reader.readInt64())
        self.cxid = Xid(try reader.readInt32())
        self.zxid = Zxid(try reader.readInt64())
        self.time = try reader.readInt64()
        self.type = OpCode(rawValue: try reader.readInt32())
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(session.rawValue)
        writer.writeInt32(cxid.rawValue)
        writer.writeInt64(zxid.rawValue)
        writer.writeInt64(time)
        writer.writeInt32(type.rawValue)
    }
}

/// The effect of a write, decided by the leader and the same on every server.
public enum TransactionBody: Equatable, Sendable {
    case create(CreateTransaction)
    case delete(Path, isContainer: Bool)
    /// `version` is the version after the write.
    case setData(Path, data: [UInt8]?, version: Int32)
    /// `version` is the aversion after the write.
    case setACL(Path, acl: [ACL], version: Int32)
    /// Only inside a multi; changes nothing.
    case check(Path, version: Int32)
    /// The new text of `/zookeeper/config`.
    case reconfig(Path, data: [UInt8]?, version: Int32)
    case multi([TransactionBody])
    case createSession(timeout: Int32)
    /// The ephemerals to delete; nil in old logs, where it means all that the session owns.
    case closeSession(ephemerals: [Path]?)
    /// A write that failed: it changes nothing but takes a zxid.
    case error(ErrorCode)
}

/// A create of any kind.
public struct CreateTransaction: Equatable, Sendable {
    /// The final path, with its sequence number.
    public var path: Path
    /// The data; nil is null.
    public var data: [UInt8]?
    /// The access control list; nil is null.
    public var acl: [ACL]
    /// Which of the create types this is on the wire: create, create2, createContainer, createTTL.
    public var type: OpCode
    /// Whether the session that asked owns the znode.
    public var isEphemeral: Bool
    /// The parent's raw cversion after this create; -1 in the oldest logs: one more than now.
    public var parentCVersion: Int32
    /// Of a createTTL, milliseconds; otherwise 0.
    public var timeToLive: Int64

    /// Makes one of these values.
    public init(
        path: Path, data: [UInt8]?, acl: [ACL], type: OpCode, isEphemeral: Bool,
        parentCVersion: Int32, timeToLive: Int64 = 0
    ) {
        self.path = path
        self.data = data
        self.acl = acl
        self.type = type
        self.isEphemeral = isEphemeral
        self.parentCVersion = parentCVersion
        self.timeToLive = timeToLive
    }
}

/// The tree's digest after a transaction, behind its body: 12 bytes.
public struct TransactionDigest: Equatable, Sendable {
    /// The version of the digest algorithm.
    public static let version: Int32 = 2

    /// The version.
    public var version: Int32
    /// The tree digest.
    public var treeDigest: UInt64

    /// Makes one of these values.
    public init(version: Int32 = TransactionDigest.version, treeDigest: UInt64) {
        self.version = version
        self.treeDigest = treeDigest
    }
}

/// A transaction whole: header, effect and, when the leader computed it, the digest after it.
public struct Transaction: Equatable, Sendable {
    /// What its bytes may be at most, whatever `jute.maxbuffer` is: a log holds no more, and a
    /// learner takes as much from any leader.
    public static let sizeMax = 256 << 20
    /// What header and digest take.
    public static let overhead = 32 + 12

    /// The header.
    public var header: TransactionHeader
    /// The body.
    public var body: TransactionBody
    /// The digest.
    public var digest: TransactionDigest?

    /// Makes one of these values.
    public init(
        header: TransactionHeader, body: TransactionBody, digest: TransactionDigest? = nil
    ) {
        self.header = header
        self.body = body
        self.digest = digest
    }
}
