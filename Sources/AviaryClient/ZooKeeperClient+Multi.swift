import Jute
public import Records

// Several operations as one: all are carried out, at one zxid, or none is.

/// One operation of a multi.
public enum MultiOperation: Equatable, Sendable {
    /// Creates a znode.
    case create(Path, data: [UInt8]?, acl: [ACL] = ACL.open, mode: CreateMode = .persistent)
    /// Deletes a znode; version -1 is any.
    case delete(Path, version: Int32 = -1)
    /// Replaces data; version -1 is any.
    case setData(Path, data: [UInt8]?, version: Int32 = -1)
    /// Changes nothing, and fails if the version is another.
    case check(Path, version: Int32)

    /// The znode it is about.
    public var path: Path {
        switch self {
        case .create(let path, _, _, _), .delete(let path, _), .setData(let path, _, _),
            .check(let path, _):
            path
        }
    }

    fileprivate func write(_ absolute: Path, to writer: inout JuteWriter) {
        func header(_ type: OpCode) {
            MultiHeader(type: type, error: ErrorCode(rawValue: -1)).write(to: &writer)
        }
        switch self {
        case .create(_, let data, let acl, let mode):
            header(mode.opCode)
            let request = CreateRequest(path: absolute, data: data, acl: acl, flags: mode.flags)
            mode.write(request, to: &writer)
        case .delete(_, let version):
            header(.delete)
            DeleteRequest(path: absolute, version: version).write(to: &writer)
        case .setData(_, let data, let version):
            header(.setData)
            SetDataRequest(path: absolute, data: data, version: version).write(to: &writer)
        case .check(_, let version):
            header(.check)
            CheckVersionRequest(path: absolute, version: version).write(to: &writer)
        }
    }
}

/// What one operation of a multi that was carried out gave.
public enum MultiResult: Equatable, Sendable {
    /// The path as created, and its stat where the server sends one.
    case created(Path, Stat?)
    /// The znode is gone.
    case deleted
    /// The stat after the change.
    case dataSet(Stat)
    /// The version was as asked.
    case checked
}

extension ZooKeeperClient {
    /// Carries out all of the operations, or none.
    ///
    /// The error of one that is not carried out names the operation that failed.
    public func multi(
        _ operations: [MultiOperation]
    ) async throws(ZooKeeperError) -> [MultiResult] {
        let body = try await call(.multi, path: nil) { writer in
            for operation in operations {
                operation.write(absolute(operation.path), to: &writer)
            }
            MultiHeader.end.write(to: &writer)
        }
        let results = try decode(body, path: nil) { reader throws(JuteError) in
            try Self.readResults(&reader, countMax: operations.count)
        }
        var succeeded: [MultiResult] = []
        for (place, result) in results.enumerated() {
            switch result {
            case .success(.created(let path, let stat)):
                succeeded.append(.created(relative(path), stat))
            case .success(let value):
                succeeded.append(value)
            case .failure(let code) where code == .ok || code == .runtimeInconsistency:
                // It would have been carried out, but for the one that failed.
                continue
            case .failure(let code):
                throw ZooKeeperError(code, path: operations[place].path, operation: place)
            }
        }
        guard succeeded.count == operations.count else {
            throw ZooKeeperError(.marshallingError, "the server's reply to a multi is incomplete")
        }
        return succeeded
    }

    private static func readResults(
        _ reader: inout JuteReader, countMax: Int
    ) throws(JuteError) -> [Result<MultiResult, ErrorCode>] {
        var results: [Result<MultiResult, ErrorCode>] = []
        while true {
            let header = try MultiHeader(from: &reader)
            if header.isDone { return results }
            guard results.count < countMax else { throw .invalidValue }
            switch header.type {
            case .create: results.append(.success(.created(try reader.readPath(), nil)))
            case .create2:
                let response = try Create2Response(from: &reader)
                results.append(.success(.created(response.path, response.stat)))
            case .delete: results.append(.success(.deleted))
            case .setData: results.append(.success(.dataSet(try Stat(from: &reader))))
            case .check: results.append(.success(.checked))
            case .error: results.append(.failure(ErrorCode(rawValue: try reader.readInt32())))
            default: throw .invalidValue
            }
        }
    }
}
