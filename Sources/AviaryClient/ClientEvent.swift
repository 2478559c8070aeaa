public import Records

/// What a session tells whoever listens to it, in the order in which it happened.
public enum ClientEvent: Equatable, Sendable {
    /// The session is doing differently.
    case state(SessionState)
    /// A watch left without a watcher of its own saw something.
    case watch(WatchEvent)
    /// Every server was tried, and none would serve; the session goes on trying.
    case noServerReached
}

/// Is told once what a watch saw; called on the client's event loop, so it must not block.
public typealias Watcher = @Sendable (WatchEvent) -> Void

/// How a session is doing at this moment.
public struct SessionProgress: Equatable, Sendable {
    /// The state.
    public var state: SessionState
    /// `.none` before the first server granted one.
    public var session: SessionID
    /// The server being tried or used.
    public var server: ServerAddress?
    /// As granted, milliseconds.
    public var grantedTimeout: Int64

    /// How a session is doing.
    public init(
        state: SessionState, session: SessionID, server: ServerAddress?, grantedTimeout: Int64
    ) {
        self.state = state
        self.session = session
        self.server = server
        self.grantedTimeout = grantedTimeout
    }
}
