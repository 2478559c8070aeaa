public import Records

/// Why a request, or a whole session, failed.
public struct ZooKeeperError: Error, Equatable, Sendable {
    /// What went wrong, as the protocol numbers it.
    public var code: ErrorCode
    /// What happened, where that says more than the code.
    public var message: String
    /// The path of the request, as the client wrote it.
    public var path: Path?
    /// In a failed multi: which operation failed, from 0.
    public var operation: Int?

    /// A failure with `code`, said in the protocol's words where there is no message.
    public init(
        _ code: ErrorCode, _ message: String? = nil, path: Path? = nil, operation: Int? = nil
    ) {
        self.code = code
        self.message = message ?? code.text
        self.path = path
        self.operation = operation
    }
}

extension ZooKeeperError: CustomStringConvertible {
    /// The message, and the path it is about.
    public var description: String {
        guard let path else { return message }
        return "\(message): \(path)"
    }
}

extension ErrorCode {
    /// The code's name in the protocol, as clients of every language print it.
    public var text: String {
        switch self {
        case .ok: "ok"
        case .runtimeInconsistency: "RuntimeInconsistency"
        case .connectionLoss: "ConnectionLoss"
        case .marshallingError: "MarshallingError"
        case .unimplemented: "Unimplemented"
        case .operationTimeout: "OperationTimeout"
        case .badArguments: "BadArguments"
        case .unknownSession: "Unknown session"
        case .newConfigNoQuorum: Self.noQuorumText
        case .reconfigInProgress:
            "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)"
        case .noNode: "NoNode"
        case .noAuth: "NoAuth"
        case .badVersion: "BadVersion"
        case .noChildrenForEphemerals: "NoChildrenForEphemerals"
        case .nodeExists: "NodeExists"
        case .notEmpty: "Directory not empty"
        case .sessionExpired: "Session expired"
        case .invalidACL: "InvalidACL"
        case .authFailed: "AuthFailed"
        case .sessionMoved: "Session moved"
        case .notReadOnly: "Not a read-only call"
        case .ephemeralOnLocalSession: "Ephemeral node on local session"
        case .noWatcher: "No such watcher"
        case .reconfigDisabled: "Reconfig is disabled"
        case .sessionClosedRequireAuth: "Session closed because client failed to authenticate"
        case .quotaExceeded: "Quota has exceeded"
        case .throttledOp: "Op throttled due to high load"
        default: "Unknown error \(rawValue)"
        }
    }

    private static let noQuorumText =
        "No quorum of new config is connected and up-to-date with the leader of last commmitted "
        + "config - try invoking reconfiguration after new servers are connected and synced"
}
