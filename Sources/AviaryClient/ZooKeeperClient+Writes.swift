public import Jute
public import Records

// The requests that change the tree: each is carried out whole or not at all.

/// How long a znode lives, and who names it.
public enum CreateMode: Equatable, Sendable {
    /// Until it is deleted.
    case persistent
    /// Until the session ends.
    case ephemeral
    /// As persistent; the server appends a number.
    case persistentSequential
    /// As ephemeral; the server appends a number.
    case ephemeralSequential
    /// Until some time after its last child is gone.
    case container
    /// Until it had no child and no new data for that many milliseconds.
    case timeToLive(Int64)
    /// The same; the server appends a number.
    case timeToLiveSequential(Int64)

    /// As the wire has it.
    var flags: Int32 {
        switch self {
        case .persistent: 0
        case .ephemeral: 1
        case .persistentSequential: 2
        case .ephemeralSequential: 3
        case .container: 4
        case .timeToLive: 5
        case .timeToLiveSequential: 6
        }
    }

    var opCode: OpCode {
        switch self {
        case .container: .createContainer
        case .timeToLive, .timeToLiveSequential: .createTTL
        case .persistent, .ephemeral, .persistentSequential, .ephemeralSequential: .create2
        }
    }

    var milliseconds: Int64? {
        switch self {
        case .timeToLive(let time), .timeToLiveSequential(let time): time
        case .persistent, .ephemeral, .persistentSequential, .ephemeralSequential, .container: nil
        }
    }

    func write(_ request: CreateRequest, to writer: inout JuteWriter) {
        request.write(to: &writer)
        if let milliseconds { writer.writeInt64(milliseconds) }
    }
}

extension ZooKeeperClient {
    /// Creates a znode; the reply has its path, with the number of a sequential one.
    @discardableResult
    public func create(
        _ path: Path, data: [UInt8]?, acl: [ACL] = ACL.open, mode: CreateMode = .persistent
    ) async throws(ZooKeeperError) -> Create2Response {
        let request = CreateRequest(
            path: absolute(path), data: data, acl: acl, flags: mode.flags)
        let body = try await call(mode.opCode, path: path) { mode.write(request, to: &$0) }
        var response = try decode(body, path: path) { reader throws(JuteError) in
            try Create2Response(from: &reader)
        }
        response.path = relative(response.path)
        return response
    }

    /// Deletes a znode without children; version -1 is any.
    public func delete(_ path: Path, version: Int32 = -1) async throws(ZooKeeperError) {
        let request = DeleteRequest(path: absolute(path), version: version)
        _ = try await call(.delete, path: path) { request.write(to: &$0) }
    }

    /// Replaces a znode's data; version -1 is any.
    @discardableResult
    public func setData(
        _ path: Path, data: [UInt8]?, version: Int32 = -1
    ) async throws(ZooKeeperError) -> Stat {
        let request = SetDataRequest(path: absolute(path), data: data, version: version)
        let body = try await call(.setData, path: path) { request.write(to: &$0) }
        return try decode(body, path: path) { reader throws(JuteError) in
            try Stat(from: &reader)
        }
    }

    /// Replaces a znode's access control list; the version is the list's, -1 is any.
    @discardableResult
    public func setACL(
        _ path: Path, acl: [ACL], version: Int32 = -1
    ) async throws(ZooKeeperError) -> Stat {
        let request = SetACLRequest(path: absolute(path), acl: acl, version: version)
        let body = try await call(.setACL, path: path) { request.write(to: &$0) }
        return try decode(body, path: path) { reader throws(JuteError) in
            try Stat(from: &reader)
        }
    }

    /// Changes the ensemble's members, if `version` is still that of the committed config (-1: any).
    public func reconfigure(
        joining: ByteString?, leaving: ByteString?, members: ByteString?, version: Int64 = -1
    ) async throws(ZooKeeperError) -> GetDataResponse {
        let request = ReconfigRequest(
            joining: joining, leaving: leaving, members: members, version: version)
        let body = try await call(.reconfig, path: nil) { request.write(to: &$0) }
        return try decode(body, path: nil) { reader throws(JuteError) in
            try GetDataResponse(from: &reader)
        }
    }
}
