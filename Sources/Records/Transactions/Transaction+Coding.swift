public import Jute

// The bytes of a transaction: the entry of a log record, and the payload of PROPOSAL and INFORM.

extension TransactionBody {
    /// The type that goes into the header.
    public var type: OpCode {
        switch self {
        case .create(let create): create.type
        case .delete(_, let isContainer): isContainer ? .deleteContainer : .delete
        case .setData: .setData
        case .setACL: .setACL
        case .check: .check
        case .reconfig: .reconfig
        case .multi: .multi
        case .createSession: .createSession
        case .closeSession: .closeSession
        case .error: .error
        }
    }

    /// Writes the body; its type is written by whoever writes the header.
    public func write(to writer: inout JuteWriter) {
        switch self {
        case .create(let create): create.write(to: &writer)
        case .delete(let path, _): writer.writeBuffer(path.bytes)
        case .setData(let path, let data, let version),
            .reconfig(let path, let data, let version):
            writer.writeBuffer(path.bytes)
            writer.writeBuffer(data)
            writer.writeInt32(version)
        case .setACL(let path, let acl, let version):
            writer.writeBuffer(path.bytes)
            ACL.writeList(acl, to: &writer)
            writer.writeInt32(version)
        case .check(let path, let version):
            writer.writeBuffer(path.bytes)
            writer.writeInt32(version)
        case .multi(let bodies):
            writer.writeInt32(Int32(bodies.count))
            for body in bodies {
                writer.writeInt32(body.type.rawValue)
                let start = writer.beginFrame()
                body.write(to: &writer)
                writer.endFrame(start)
            }
        case .createSession(let timeout): writer.writeInt32(timeout)
        case .closeSession(let ephemerals):
            guard let ephemerals else { return }
            writer.writeInt32(Int32(ephemerals.count))
            for path in ephemerals { writer.writeBuffer(path.bytes) }
        case .error(let code): writer.writeInt32(code.rawValue)
        }
    }

    /// Reads the body of a transaction of `type`; nothing after it is consumed.
    public static func read(
        type: OpCode, from reader: inout JuteReader
    ) throws(JuteError) -> TransactionBody {
        switch type {
        case .create, .create2, .createContainer, .createTTL:
            return .create(try CreateTransaction(type: type, from: &reader))
        case .delete: return .delete(try reader.readPath(), isContainer: false)
        case .deleteContainer: return .delete(try reader.readPath(), isContainer: true)
        case .setData, .reconfig:
            let path = try reader.readPath()
            let data = try reader.readBuffer()
            let version = try reader.readInt32()
            return type == .setData
                ? .setData(path, data: data, version: version)
                : .reconfig(path, data: data, version: version)
        case .setACL:
            let path = try reader.readPath()
            let acl = try ACL.readList(from: &reader) ?? []
            return .setACL(path, acl: acl, version: try reader.readInt32())
        case .check:
            let path = try reader.readPath()
            return .check(path, version: try reader.readInt32())
        case .multi: return try readMulti(from: &reader)
        case .createSession: return .createSession(timeout: try reader.readInt32())
        case .closeSession: return try readCloseSession(from: &reader)
        case .error: return .error(ErrorCode(rawValue: try reader.readInt32()))
        default: throw .invalidValue
        }
    }

    private static func readMulti(
        from reader: inout JuteReader
    ) throws(JuteError) -> TransactionBody {
        guard let count = try reader.readCount(elementSizeMin: 8) else { return .multi([]) }
        var bodies: [TransactionBody] = []
        bodies.reserveCapacity(count)
        for _ in 0..<count {
            let type = OpCode(rawValue: try reader.readInt32())
            guard type != .multi else { throw .invalidValue }
            guard let bytes = try reader.readBufferSpan() else { throw .invalidValue }
            var inner = JuteReader(bytes)
            bodies.append(try read(type: type, from: &inner))
        }
        return .multi(bodies)
    }

    /// Old logs have no body here, but perhaps a digest: exactly 12 bytes that start with its
    /// version, which no list of paths can be.
    private static func readCloseSession(
        from reader: inout JuteReader
    ) throws(JuteError) -> TransactionBody {
        if reader.remaining == 0 { return .closeSession(ephemerals: nil) }
        if reader.remaining == 12 {
            var probe = reader
            if try probe.readInt32() == TransactionDigest.version {
                return .closeSession(ephemerals: nil)
            }
        }
        let count = try reader.readCount(elementSizeMin: 4) ?? 0
        var paths: [Path] = []
        paths.reserveCapacity(count)
        for _ in 0..<count { paths.append(try reader.readPath()) }
        return .closeSession(ephemerals: paths)
    }
}

extension CreateTransaction {
    init(type: OpCode, from reader: inout JuteReader) throws(JuteError) {
        self.type = type
        self.path = try reader.readPath()
        self.data = try reader.readBuffer()
        self.acl = try ACL.readList(from: &reader) ?? []
        self.isEphemeral = false
        self.timeToLive = 0
        switch type {
        case .createContainer:
            self.parentCVersion = try reader.readInt32()
        case .createTTL:
            self.parentCVersion = try reader.readInt32()
            self.timeToLive = try reader.readInt64()
        default:
            self.isEphemeral = try reader.readBool()
            // Logs from before 3.4 end here.
            self.parentCVersion = reader.remaining == 0 ? -1 : try reader.readInt32()
        }
    }

    func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path.bytes)
        writer.writeBuffer(data)
        ACL.writeList(acl, to: &writer)
        switch type {
        case .createContainer:
            writer.writeInt32(parentCVersion)
        case .createTTL:
            writer.writeInt32(parentCVersion)
            writer.writeInt64(timeToLive)
        default:
            writer.writeBool(isEphemeral)
            writer.writeInt32(parentCVersion)
        }
    }
}

extension Transaction {
    /// Reads a log entry: header, body, and the digest if one is left.
    ///
    /// What stands behind is ignored, as newer servers may add to it.
    public init(from reader: inout JuteReader) throws(JuteError) {
        let header = try TransactionHeader(from: &reader)
        self.header = header
        self.body = try TransactionBody.read(type: header.type, from: &reader)
        self.digest = nil
        if reader.remaining >= 12 {
            let version = try reader.readInt32()
            let digest = UInt64(bitPattern: try reader.readInt64())
            self.digest = TransactionDigest(version: version, treeDigest: digest)
        }
    }

    /// Writes header, body and digest.
    public func write(to writer: inout JuteWriter) {
        header.write(to: &writer)
        body.write(to: &writer)
        guard let digest else { return }
        writer.writeInt32(digest.version)
        writer.writeInt64(Int64(bitPattern: digest.treeDigest))
    }

    /// The transaction as a log entry.
    public var encoded: [UInt8] {
        var writer = JuteWriter(capacity: 256)
        write(to: &writer)
        return writer.copyBytes()
    }

    /// The transaction that a log entry holds.
    public init(decoding bytes: [UInt8]) throws(JuteError) {
        var reader = JuteReader(bytes.rawSpan)
        try self.init(from: &reader)
    }

    /// Whether `bytes` are the entry of the transaction `zxid`: what a log may hold at that place.
    public static func isEntry(_ bytes: [UInt8], at zxid: Zxid) -> Bool {
        guard let transaction = try? Transaction(decoding: bytes) else { return false }
        return transaction.header.zxid == zxid
    }
}

extension JuteReader {
    /// A `ustring` that must not be null, as a path.
    public mutating func readPath() throws(JuteError) -> Path {
        guard let bytes = try readBuffer() else { throw .invalidValue }
        return Path(bytes)
    }
}
