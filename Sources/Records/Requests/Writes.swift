public import Jute

// The bodies of requests that change the tree. A null path or ACL is nil: which error it gets is
// the server's to decide, request by request.

/// create, create2 and createContainer.
public struct CreateRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// The data; nil is null.
    public var data: [UInt8]?
    /// The access control list; nil is null.
    public var acl: [ACL]?
    /// 0 persistent, 1 ephemeral, 2 and 3 the same sequential, 4 container, 5 and 6 with TTL.
    public var flags: Int32

    /// Makes one of these values.
    public init(path: Path?, data: [UInt8]?, acl: [ACL]?, flags: Int32) {
        self.path = path
        self.data = data
        self.acl = acl
        self.flags = flags
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.data = try reader.readBuffer()
        self.acl = try ACL.readList(from: &reader)
        self.flags = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeBuffer(data)
        ACL.writeList(acl, to: &writer)
        writer.writeInt32(flags)
    }
}

/// createTTL.
public struct CreateTTLRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// The data; nil is null.
    public var data: [UInt8]?
    /// The access control list; nil is null.
    public var acl: [ACL]?
    /// The flags.
    public var flags: Int32
    /// Milliseconds.
    public var timeToLive: Int64

    /// Makes one of these values.
    public init(path: Path?, data: [UInt8]?, acl: [ACL]?, flags: Int32, timeToLive: Int64) {
        self.path = path
        self.data = data
        self.acl = acl
        self.flags = flags
        self.timeToLive = timeToLive
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        let create = try CreateRequest(from: &reader)
        self.path = create.path
        self.data = create.data
        self.acl = create.acl
        self.flags = create.flags
        self.timeToLive = try reader.readInt64()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        CreateRequest(path: path, data: data, acl: acl, flags: flags).write(to: &writer)
        writer.writeInt64(timeToLive)
    }
}

/// A path and a version: delete, and check inside a multi.
public struct VersionedRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// -1 is any version.
    public var version: Int32

    /// Makes one of these values.
    public init(path: Path?, version: Int32) {
        self.path = path
        self.version = version
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.version = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeInt32(version)
    }
}

/// delete.
public typealias DeleteRequest = VersionedRequest
/// check.
public typealias CheckVersionRequest = VersionedRequest

/// setData.
public struct SetDataRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// The data; nil is null.
    public var data: [UInt8]?
    /// -1 is any version.
    public var version: Int32

    /// Makes one of these values.
    public init(path: Path?, data: [UInt8]?, version: Int32) {
        self.path = path
        self.data = data
        self.version = version
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.data = try reader.readBuffer()
        self.version = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeBuffer(data)
        writer.writeInt32(version)
    }
}

/// setACL.
public struct SetACLRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// The access control list; nil is null.
    public var acl: [ACL]?
    /// Of the ACL; -1 is any version.
    public var version: Int32

    /// Makes one of these values.
    public init(path: Path?, acl: [ACL]?, version: Int32) {
        self.path = path
        self.acl = acl
        self.version = version
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.acl = try ACL.readList(from: &reader)
        self.version = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        ACL.writeList(acl, to: &writer)
        writer.writeInt32(version)
    }
}

/// reconfig.
public struct ReconfigRequest: Equatable, Sendable {
    /// The joining.
    public var joining: ByteString?
    /// The leaving.
    public var leaving: ByteString?
    /// The members.
    public var members: ByteString?
    /// The version it is made for; -1 is any.
    public var version: Int64

    /// Makes one of these values.
    public init(
        joining: ByteString?, leaving: ByteString?, members: ByteString?, version: Int64
    ) {
        self.joining = joining
        self.leaving = leaving
        self.members = members
        self.version = version
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.joining = try reader.readString()
        self.leaving = try reader.readString()
        self.members = try reader.readString()
        self.version = try reader.readInt64()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeString(joining)
        writer.writeString(leaving)
        writer.writeString(members)
        writer.writeInt64(version)
    }
}

/// What stands before each operation of a multi and each of its results: 9 bytes.
public struct MultiHeader: Equatable, Sendable {
    /// The kind.
    public var type: OpCode
    /// Whether this ends the list.
    public var isDone: Bool
    /// The error.
    public var error: ErrorCode

    /// Makes one of these values.
    public init(type: OpCode, isDone: Bool = false, error: ErrorCode) {
        self.type = type
        self.isDone = isDone
        self.error = error
    }

    /// What ends a list.
    public static let end = MultiHeader(
        type: .error, isDone: true, error: ErrorCode(rawValue: -1))

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.type = OpCode(rawValue: try reader.readInt32())
        self.isDone = try reader.readBool()
        self.error = ErrorCode(rawValue: try reader.readInt32())
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(type.rawValue)
        writer.writeBool(isDone)
        writer.writeInt32(error.rawValue)
    }
}

extension JuteReader {
    /// A `ustring` as a path, nil for null.
    public mutating func readOptionalPath() throws(JuteError) -> Path? {
        guard let bytes = try readBuffer() else { return nil }
        return Path(bytes)
    }
}
