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
        case .multi: self = .multi(try WriteRequest.readMulti(from: &reader))
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
    /// A list with a null ACL or flags out of range counts as unreadable whole (client.md 5.1 and
    /// 10).
    private static func readMulti(
        from reader: inout JuteReader
    ) throws(JuteError) -> [WriteRequest] {
        var operations: [WriteRequest] = []
        while true {
            let header = try MultiHeader(from: &reader)
            if header.isDone { return operations }
            let operation = try readSingle(type: header.type, from: &reader)
            guard header.type != .setACL else { throw .invalidValue }
            operations.append(try operation.checkedForMulti())
        }
    }

    private func checkedForMulti() throws(JuteError) -> WriteRequest {
        guard case .create(var create) = self else { return self }
        guard create.acl != nil, (0...6).contains(create.flags) else { throw .invalidValue }
        if create.type != .createTTL {
            guard create.flags < 5 else { throw .invalidValue }
            if create.flags == 4 { create.type = .createContainer }
        } else if create.flags < 5 {
            // A createTTL without a TTL mode acts as a plain create here.
            create.type = create.flags == 4 ? .createContainer : .create
            create.timeToLive = CreateOperation.noTimeToLive
        }
        return .create(create)
    }
}
