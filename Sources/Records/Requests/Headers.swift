public import Jute

// What frames begin with, and the handshake that has no such beginning.

/// The first frame of a client: it asks for a session, or brings one.
public struct ConnectRequest: Equatable, Sendable {
    /// The protocol version.
    public var protocolVersion: Int32
    /// The highest zxid the client has seen; a server that is behind it must refuse.
    public var lastZxidSeen: Zxid
    /// The session timeout asked for, milliseconds.
    public var timeout: Int32
    /// `.none` asks for a new session.
    public var session: SessionID
    /// The password that goes with the session.
    public var password: [UInt8]?
    /// Nil from clients too old to know of read-only servers.
    public var readOnly: Bool?

    /// Makes one of these values.
    public init(
        protocolVersion: Int32 = 0, lastZxidSeen: Zxid, timeout: Int32, session: SessionID,
        password: [UInt8]?, readOnly: Bool?
    ) {
        self.protocolVersion = protocolVersion
        self.lastZxidSeen = lastZxidSeen
        self.timeout = timeout
        self.session = session
        self.password = password
        self.readOnly = readOnly
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.protocolVersion = try reader.readInt32()
        self.lastZxidSeen = Zxid(try reader.readInt64())
        self.timeout = try reader.readInt32()
        self.session = SessionID(try reader.readInt64())
        self.password = try reader.readBuffer()
        self.readOnly = reader.remaining > 0 ? try reader.readBool() : nil
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(protocolVersion)
        writer.writeInt64(lastZxidSeen.rawValue)
        writer.writeInt32(timeout)
        writer.writeInt64(session.rawValue)
        writer.writeBuffer(password)
        if let readOnly { writer.writeBool(readOnly) }
    }
}

/// The server's answer to a connect request.
public struct ConnectResponse: Equatable, Sendable {
    /// The protocol version.
    public var protocolVersion: Int32
    /// Negotiated, milliseconds; 0 says that the session is no more.
    public var timeout: Int32
    /// The session.
    public var session: SessionID
    /// The password that goes with the session.
    public var password: [UInt8]?
    /// Nil from servers that were not asked.
    public var readOnly: Bool?

    /// Makes one of these values.
    public init(
        protocolVersion: Int32 = 0, timeout: Int32, session: SessionID, password: [UInt8]?,
        readOnly: Bool?
    ) {
        self.protocolVersion = protocolVersion
        self.timeout = timeout
        self.session = session
        self.password = password
        self.readOnly = readOnly
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.protocolVersion = try reader.readInt32()
        self.timeout = try reader.readInt32()
        self.session = SessionID(try reader.readInt64())
        self.password = try reader.readBuffer()
        self.readOnly = reader.remaining > 0 ? try reader.readBool() : nil
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(protocolVersion)
        writer.writeInt32(timeout)
        writer.writeInt64(session.rawValue)
        writer.writeBuffer(password)
        if let readOnly { writer.writeBool(readOnly) }
    }
}

/// What every request but the first begins with: 8 bytes.
public struct RequestHeader: Equatable, Sendable {
    /// The number that the reply carries back.
    public var xid: Xid
    /// The kind.
    public var type: OpCode

    /// Makes one of these values.
    public init(xid: Xid, type: OpCode) {
        self.xid = xid
        self.type = type
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.xid = Xid(try reader.readInt32())
        self.type = OpCode(rawValue: try reader.readInt32())
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(xid.rawValue)
        writer.writeInt32(type.rawValue)
    }
}

/// What every reply and notification begins with: 16 bytes.
public struct ReplyHeader: Equatable, Sendable {
    /// The number that the reply carries back.
    public var xid: Xid
    /// The place in history.
    public var zxid: Zxid
    /// The error.
    public var error: ErrorCode

    /// Makes one of these values.
    public init(xid: Xid, zxid: Zxid, error: ErrorCode) {
        self.xid = xid
        self.zxid = zxid
        self.error = error
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.xid = Xid(try reader.readInt32())
        self.zxid = Zxid(try reader.readInt64())
        self.error = ErrorCode(rawValue: try reader.readInt32())
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(xid.rawValue)
        writer.writeInt64(zxid.rawValue)
        writer.writeInt32(error.rawValue)
    }
}

/// What a notification holds behind its header.
public struct WatcherEvent: Equatable, Sendable {
    /// 1 created, 2 deleted, 3 data changed, 4 children changed.
    public var type: Int32
    /// The state, which is 3, connected; no server sends another.
    public var state: Int32
    /// The znode; nil is null.
    public var path: Path

    /// Makes one of these values.
    public init(type: Int32, state: Int32 = 3, path: Path) {
        self.type = type
        self.state = state
        self.path = path
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.type = try reader.readInt32()
        self.state = try reader.readInt32()
        self.path = try reader.readPath()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(type)
        writer.writeInt32(state)
        writer.writeBuffer(path.bytes)
    }
}

/// Adds credentials to a connection.
public struct AuthPacket: Equatable, Sendable {
    /// The kind.
    public var type: Int32
    /// The scheme.
    public var scheme: ByteString?
    /// The auth.
    public var auth: [UInt8]?

    /// Makes one of these values.
    public init(scheme: ByteString, auth: [UInt8]) {
        self.type = 0
        self.scheme = scheme
        self.auth = auth
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.type = try reader.readInt32()
        self.scheme = try reader.readString()
        self.auth = try reader.readBuffer()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(type)
        writer.writeString(scheme)
        writer.writeBuffer(auth)
    }
}
