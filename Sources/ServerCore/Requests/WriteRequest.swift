import Jute
import Records

/// A create of any kind as a client asks for it.
struct CreateOperation: Equatable {
    /// Stands for the time to live of a request that has none.
    static let noTimeToLive: Int64 = -1

    /// create, create2, createContainer or createTTL.
    var type: OpCode
    var path: Path?
    var data: [UInt8]?
    var acl: [ACL]?
    var flags: Int32
    var timeToLive: Int64
}

/// A request that changes the ensemble, decoded.
indirect enum WriteRequest: Equatable {
    case create(CreateOperation)
    case delete(Path?, version: Int32)
    case setData(Path?, data: [UInt8]?, version: Int32)
    case setACL(Path?, acl: [ACL]?, version: Int32)
    case check(Path?, version: Int32)
    case multi([WriteRequest])
    case createSession(timeout: Int32)
    case closeSession
    case reconfig(ReconfigRequest)
    /// Of a znode that nobody uses any more; the server's own.
    case deleteContainer(Path)
    /// A multi that makes no sense: unlike every other write of which that is true it takes a
    /// zxid, as in Apache ZooKeeper.
    case unreadable
}

extension WriteRequest {
    /// Whether requests of this type get a transaction.
    static func isWrite(_ type: OpCode) -> Bool {
        switch type {
        case .create, .create2, .createContainer, .createTTL, .delete, .setData, .setACL, .multi,
            .reconfig, .closeSession:
            true
        default: false
        }
    }

    /// Reads the body of a write.
    ///
    /// Whatever cannot be read gets an error and no transaction.
    init(type: OpCode, from reader: inout JuteReader) throws(JuteError) {
        switch type {
        case .multi: self = try WriteRequest.readMulti(from: &reader)
        case .createSession: self = .createSession(timeout: try reader.readInt32())
        case .closeSession: self = .closeSession
        case .reconfig: self = .reconfig(try ReconfigRequest(from: &reader))
        default: self = try WriteRequest.readSingle(type: type, from: &reader)
        }
    }

    private static func readSingle(
        type: OpCode, from reader: inout JuteReader
    ) throws(JuteError) -> WriteRequest {
        switch type {
        case .create, .create2, .createContainer:
            let request = try CreateRequest(from: &reader)
            return .create(
                CreateOperation(
                    type: type, path: request.path, data: request.data, acl: request.acl,
                    flags: request.flags, timeToLive: CreateOperation.noTimeToLive))
        case .createTTL:
            let request = try CreateTTLRequest(from: &reader)
            return .create(
                CreateOperation(
                    type: type, path: request.path, data: request.data, acl: request.acl,
                    flags: request.flags, timeToLive: request.timeToLive))
        case .delete:
            let request = try DeleteRequest(from: &reader)
            return .delete(request.path, version: request.version)
        case .setData:
            let request = try SetDataRequest(from: &reader)
            return .setData(request.path, data: request.data, version: request.version)
        case .setACL:
            let request = try SetACLRequest(from: &reader)
            return .setACL(request.path, acl: request.acl, version: request.version)
        case .check:
            let request = try CheckVersionRequest(from: &reader)
            return .check(request.path, version: request.version)
        default: throw .invalidValue
        }
    }

    /// Operations until the header that says done.
    ///
    /// Throws only for a create whose ACL is null, which takes no zxid: that is looked at before
    /// all but whether the flags are known.
    private static func readMulti(
        from reader: inout JuteReader
    ) throws(JuteError) -> WriteRequest {
        var operations: [WriteRequest] = []
        while let header = try? MultiHeader(from: &reader) {
            if header.isDone { return .multi(operations) }
            guard let single = try? readSingle(type: header.type, from: &reader) else { break }
            if case .create(let create) = single, create.acl == nil,
                header.type != .createTTL, CreateMode.flags.contains(create.flags)
            {
                throw .invalidValue
            }
            guard let operation = try? single.adaptedToMulti() else { break }
            operations.append(operation)
        }
        return .unreadable
    }

    /// Reads an operation of a multi, whose rules for the flags of a create are its own.
    static func readOperation(
        _ type: OpCode, from reader: inout JuteReader
    ) throws(JuteError) -> WriteRequest {
        try readSingle(type: type, from: &reader).adaptedToMulti()
    }

    private func adaptedToMulti() throws(JuteError) -> WriteRequest {
        switch self {
        case .create(var create):
            guard create.path != nil else { throw .invalidValue }
            try create.adaptToMulti()
            return .create(create)
        case .delete(.some, _), .setData(.some, _, _), .check(.some, _): return self
        default: throw .invalidValue
        }
    }
}

extension CreateOperation {
    fileprivate mutating func adaptToMulti() throws(JuteError) {
        if type != .createTTL {
            guard (0..<5).contains(flags) else { throw .invalidValue }
            if flags == 4 { type = .createContainer }
        } else if flags != 5, flags != 6 {
            // A createTTL without a TTL mode acts as a plain create here.
            type = flags == 4 ? .createContainer : .create
            timeToLive = CreateOperation.noTimeToLive
        }
    }
}
