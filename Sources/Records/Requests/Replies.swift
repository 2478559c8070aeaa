public import Jute

// The bodies of replies, as clients read them and stand-in servers in tests write them. A server
// writes its replies straight from the tree and has no use for values.

/// The reply to getData and reconfig.
public struct GetDataResponse: Equatable, Sendable {
    /// Nil where the znode has no data, which is not empty data.
    public var data: [UInt8]?
    /// The znode's stat.
    public var stat: Stat

    /// A reply.
    public init(data: [UInt8]?, stat: Stat) {
        self.data = data
        self.stat = stat
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.data = try reader.readBuffer()
        self.stat = try Stat(from: &reader)
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(data)
        stat.write(to: &writer)
    }
}

/// The reply to getACL.
public struct GetACLResponse: Equatable, Sendable {
    /// The list.
    public var acl: [ACL]
    /// The znode's stat.
    public var stat: Stat

    /// A reply.
    public init(acl: [ACL], stat: Stat) {
        self.acl = acl
        self.stat = stat
    }

    /// Reads the record; a null list is an empty one.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.acl = try ACL.readList(from: &reader) ?? []
        self.stat = try Stat(from: &reader)
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        ACL.writeList(acl, to: &writer)
        stat.write(to: &writer)
    }
}

/// The reply to getChildren2.
public struct GetChildren2Response: Equatable, Sendable {
    /// The names, in no order.
    public var children: [ByteString]
    /// The znode's stat.
    public var stat: Stat

    /// A reply.
    public init(children: [ByteString], stat: Stat) {
        self.children = children
        self.stat = stat
    }

    /// Reads the record; a null list is an empty one.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.children = try reader.readStrings() ?? []
        self.stat = try Stat(from: &reader)
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writePaths(children.map { Path($0) })
        stat.write(to: &writer)
    }
}

/// The reply to create2, createContainer and createTTL.
public struct Create2Response: Equatable, Sendable {
    /// The path as created: with its number, for a sequential one.
    public var path: Path
    /// The znode's stat.
    public var stat: Stat

    /// A reply.
    public init(path: Path, stat: Stat) {
        self.path = path
        self.stat = stat
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readPath()
        self.stat = try Stat(from: &reader)
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path.bytes)
        stat.write(to: &writer)
    }
}

/// The reply to whoAmI: one entry a credential of the connection.
public struct WhoAmIResponse: Equatable, Sendable {
    /// Each as the server knows it.
    public var credentials: [Identity]

    /// A reply.
    public init(credentials: [Identity]) { self.credentials = credentials }

    /// Reads the record; entries with a null are left out.
    public init(from reader: inout JuteReader) throws(JuteError) {
        var credentials: [Identity] = []
        let count = try reader.readCount(elementSizeMin: 8) ?? 0
        for _ in 0..<count {
            if let identity = try Identity.read(from: &reader) { credentials.append(identity) }
        }
        self.credentials = credentials
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(Int32(credentials.count))
        for credential in credentials { credential.write(to: &writer) }
    }
}

extension JuteReader {
    /// A `vector<ustring>`, nil for null; a null string in it is not allowed.
    public mutating func readStrings() throws(JuteError) -> [ByteString]? {
        guard let paths = try readPaths() else { return nil }
        return paths.map(\.string)
    }
}
