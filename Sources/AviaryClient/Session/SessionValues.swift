public import Records

// The words of the session machine: what goes in, what comes out.

/// Names a request from its submission to its one completion.
public struct RequestID: Hashable, Comparable, Sendable {
    /// Counts up from 1.
    public var rawValue: UInt64

    /// A request's name from its number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// By age, the older first.
    public static func < (left: RequestID, right: RequestID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Names whom a watch tells.
public struct WatcherID: Hashable, Comparable, Sendable {
    /// 0 is the session's own listener; the others count up from 1.
    public var rawValue: UInt64

    /// A watcher's name from its number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The session's own listener, which hears of a znode once however often it watches it.
    public static let session = WatcherID(0)

    /// By age, the older first.
    public static func < (left: WatcherID, right: WatcherID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Names one attempt to reach a server, so that news of an earlier one is not taken for its own.
public struct AttemptID: Hashable, Sendable {
    /// Counts up from 1.
    public var rawValue: UInt64

    /// An attempt's name from its number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A watch to be left by a read that succeeds.
public struct WatchIntent: Equatable, Sendable {
    /// What is watched.
    public enum Kind: Sendable {
        /// The data of a znode that is there; by getData.
        case data
        /// A znode, there or not; by exists.
        case existence
        /// The list of children; by getChildren.
        case children
    }

    /// What is watched.
    public var kind: Kind
    /// As the server knows it.
    public var path: Path
    /// Whom to tell.
    public var watcher: WatcherID

    /// A watch.
    public init(kind: Kind, path: Path, watcher: WatcherID) {
        self.kind = kind
        self.path = path
        self.watcher = watcher
    }
}

/// A request on its way to the wire: everything but the xid, which it gets when it is sent.
public struct SessionRequest: Equatable, Sendable {
    /// Who waits for the reply.
    public var id: RequestID
    /// The operation.
    public var type: OpCode
    /// The operation's record, encoded.
    public var body: [UInt8]
    /// The watch it leaves.
    public var watch: WatchIntent?

    /// A request.
    public init(id: RequestID, type: OpCode, body: [UInt8], watch: WatchIntent? = nil) {
        self.id = id
        self.type = type
        self.body = body
        self.watch = watch
    }
}

/// What became of a request.
public struct SessionReply: Equatable, Sendable {
    /// `.ok`, or why there is no body.
    public var error: ErrorCode
    /// The zxid of the reply's header; zero for a request that no server answered.
    public var zxid: Zxid
    /// The reply's record, encoded.
    public var body: [UInt8]

    /// A reply.
    public init(error: ErrorCode, zxid: Zxid = .zero, body: [UInt8] = []) {
        self.error = error
        self.zxid = zxid
        self.body = body
    }
}

/// How a session is doing.
public enum SessionState: Equatable, Sendable {
    /// No server at present; one is looked for.
    case connecting
    /// A server serves it.
    case connected
    /// A server without a quorum serves it: reads only.
    case connectedReadOnly
    /// The server refused the credentials: over.
    case authFailed
    /// The ensemble has given it up, with its ephemeral znodes: over.
    case expired
    /// Closed by the client: over.
    case closed

    /// Whether nothing can follow.
    public var isFinal: Bool { self == .authFailed || self == .expired || self == .closed }
    /// Whether a server serves the session.
    public var isConnected: Bool { self == .connected || self == .connectedReadOnly }
}

/// What a watch saw, once.
public struct WatchEvent: Equatable, Sendable {
    /// What happened to the znode.
    public enum Kind: Equatable, Sendable {
        /// The znode came to be.
        case created
        /// The znode is gone.
        case deleted
        /// Its data is new.
        case dataChanged
        /// A child came or went.
        case childrenChanged
        /// The session is over; the watch will see nothing.
        case sessionEnded
        /// Something this client does not know.
        case other(Int32)
    }

    /// What happened.
    public var kind: Kind
    /// To which znode.
    public var path: Path
    /// By which transaction; -1 where the server did not say.
    public var zxid: Zxid

    /// An event.
    public init(kind: Kind, path: Path, zxid: Zxid) {
        self.kind = kind
        self.path = path
        self.zxid = zxid
    }
}

/// What the driver has to do, in the order of the list.
public enum SessionEffect: Equatable, Sendable {
    /// Look the name up, connect, and report `dialed` or `connectionLost` for this attempt.
    case dial(ServerAddress, AttemptID)
    /// Write one frame, its length included, to the connection.
    case send([UInt8])
    /// Close the connection, or give up the dialing.
    case hangUp
    /// Tell who waits for the request; happens once for each request.
    case completed(RequestID, SessionReply)
    /// Tell the watchers.
    case notified(WatchEvent, [WatcherID])
    /// Tell who listens to the session.
    case changed(SessionState)
    /// Every server was tried since the last success, and none would serve.
    case roundFailed
}
