/// The result of a request, as it stands in a reply's header.
public struct ErrorCode: Error, RawRepresentable, Hashable, Sendable {
    /// 32 bits on the wire; 0 is success.
    public var rawValue: Int32

    /// Makes one of these values.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    @usableFromInline
    init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The result ok.
    public static let ok = ErrorCode(0)
    /// In a multi: the operations after the one that failed.
    public static let runtimeInconsistency = ErrorCode(-2)
    /// The client's own: the connection broke before the answer came.
    public static let connectionLoss = ErrorCode(-4)
    /// The result marshalling error.
    public static let marshallingError = ErrorCode(-5)
    /// The result unimplemented.
    public static let unimplemented = ErrorCode(-6)
    /// The client's own: no answer in time.
    public static let operationTimeout = ErrorCode(-7)
    /// The result bad arguments.
    public static let badArguments = ErrorCode(-8)
    /// The result unknown session.
    public static let unknownSession = ErrorCode(-12)
    /// The result new config no quorum.
    public static let newConfigNoQuorum = ErrorCode(-13)
    /// The result reconfig in progress.
    public static let reconfigInProgress = ErrorCode(-14)
    /// The result no node.
    public static let noNode = ErrorCode(-101)
    /// The result no auth.
    public static let noAuth = ErrorCode(-102)
    /// The result bad version.
    public static let badVersion = ErrorCode(-103)
    /// The result no children for ephemerals.
    public static let noChildrenForEphemerals = ErrorCode(-108)
    /// The result node exists.
    public static let nodeExists = ErrorCode(-110)
    /// The result not empty.
    public static let notEmpty = ErrorCode(-111)
    /// The result session expired.
    public static let sessionExpired = ErrorCode(-112)
    /// The result invalid aCL.
    public static let invalidACL = ErrorCode(-114)
    /// The result auth failed.
    public static let authFailed = ErrorCode(-115)
    /// The result session moved.
    public static let sessionMoved = ErrorCode(-118)
    /// The result not read only.
    public static let notReadOnly = ErrorCode(-119)
    /// The result ephemeral on local session.
    public static let ephemeralOnLocalSession = ErrorCode(-120)
    /// The result no watcher.
    public static let noWatcher = ErrorCode(-121)
    /// The result reconfig disabled.
    public static let reconfigDisabled = ErrorCode(-123)
    /// The result session closed require auth.
    public static let sessionClosedRequireAuth = ErrorCode(-124)
    /// The result quota exceeded.
    public static let quotaExceeded = ErrorCode(-125)
    /// The result throttled op.
    public static let throttledOp = ErrorCode(-127)
}
