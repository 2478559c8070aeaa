internal import DequeModule
public import Records

/// All that a client's session decides: which server to try, what to send when, when to give a
/// server up, what a reply belongs to, and what is known to be lost.
///
/// Pure: time comes in as monotonic milliseconds, effects go out as an ordered list. Files beside
/// this one hold its parts: reaching a server (`+Dialing`), frames (`+Frames`).
public struct SessionMachine: Sendable {
    /// What a session is made with.
    public struct Settings: Equatable, Sendable {
        /// The servers to try; at least one, or the session never connects.
        public var servers: [ServerAddress]
        /// Asked for, milliseconds; the server answers with what it grants.
        public var timeout: Int32
        /// Whether a server without a quorum is better than none.
        public var isReadOnlyAllowed: Bool
        /// Requests that may wait or be in flight; those beyond fail at once.
        public var outstandingMax: Int
        /// Of the order in which servers are tried, and of the pauses between rounds.
        public var seed: UInt64

        /// Settings; the timeout is the one zkCli asks for.
        public init(
            servers: [ServerAddress], timeout: Int32 = 30_000, isReadOnlyAllowed: Bool = false,
            outstandingMax: Int = 10_000, seed: UInt64 = 0
        ) {
            self.servers = servers
            self.timeout = timeout
            self.isReadOnlyAllowed = isReadOnlyAllowed
            self.outstandingMax = outstandingMax
            self.seed = seed
        }
    }

    enum Phase: Equatable {
        case idle
        /// All servers were tried; the next round begins at the time.
        case resting(until: Int64)
        case dialing(deadline: Int64)
        case handshaking(deadline: Int64)
        case serving(since: Int64)
        case ended(SessionState)
    }

    /// A request that was sent and has no reply yet: replies come in the order of requests.
    struct InFlight {
        var xid: Xid
        var id: RequestID
        var type: OpCode
        var watch: WatchIntent?
    }

    /// What `addAuth` told us; it is said again to each new server.
    struct Credential {
        var packet: AuthPacket
        /// Who waits for its first answer.
        var waiter: RequestID?
    }

    /// How many credentials a session may have; there is no way to take one back.
    static let credentialsMax = 64
    /// How long a session that says goodbye waits for the answer.
    static let goodbyePatience: Int64 = 2_000
    /// The longest silence of ours while we are connected, however long the timeout.
    static let silenceMax: Int64 = 10_000

    let settings: Settings
    var phase = Phase.idle
    var generator: SeededGenerator
    /// The servers in the order in which they are tried.
    var order: [ServerAddress]
    /// The place in `order` of the server being tried or used.
    var position = -1
    /// Servers left to try before a round has failed.
    var attemptsLeft: Int
    /// The last pause between rounds; 0 after a success.
    var pause: Int64 = 0
    var attempt = AttemptID(0)

    var session = SessionID.none
    var password: [UInt8]
    /// As granted, milliseconds.
    var timeout: Int64
    var lastZxid = Zxid.zero
    var lastXid: Int32 = 0
    var lastSent: Int64 = 0
    var lastReceived: Int64 = 0
    var isPingOutstanding = false

    var waiting: Deque<SessionRequest> = []
    var inFlight: Deque<InFlight> = []
    var credentials: [Credential] = []
    /// The place in `credentials` of each auth packet without an answer on this connection.
    var authInFlight: Deque<Int> = []
    var watches = WatchRegistry()
    /// When to stop waiting for the answer to our goodbye; nil while we stay.
    var goodbyeDeadline: Int64?

    /// A session that has not begun.
    public init(_ settings: Settings) {
        self.settings = settings
        self.generator = SeededGenerator(seed: settings.seed)
        self.order = settings.servers.shuffled(using: &self.generator)
        self.attemptsLeft = settings.servers.count
        self.password = [UInt8](repeating: 0, count: 16)
        self.timeout = Int64(max(settings.timeout, 1))
    }

    /// How the session is doing.
    public var state: SessionState {
        switch phase {
        case .idle, .resting, .dialing, .handshaking: .connecting
        case .serving: isReadOnly ? .connectedReadOnly : .connected
        case .ended(let state): state
        }
    }
    var isReadOnly = false

    /// The session's id; `.none` before the first server granted one.
    public var sessionID: SessionID { session }
    /// The timeout granted, or asked for before that, milliseconds.
    public var grantedTimeout: Int64 { timeout }

    /// The server being tried or used.
    public var server: ServerAddress? {
        order.indices.contains(position) ? order[position] : nil
    }

    /// Begins: the first server is dialed.
    public mutating func start(now: Int64) -> [SessionEffect] {
        guard case .idle = phase else { return [] }
        var effects: [SessionEffect] = []
        tryNextServer(now: now, &effects)
        return effects
    }

    /// Takes a request: it is sent at once, or when a server serves us, or fails.
    public mutating func submit(_ request: SessionRequest, now: Int64) -> [SessionEffect] {
        if case .ended(let state) = phase { return [.completed(request.id, Self.reply(of: state))] }
        guard goodbyeDeadline == nil else {
            return [.completed(request.id, Self.reply(of: .closed))]
        }
        let isOverfull = waiting.count + inFlight.count >= settings.outstandingMax
        if isOverfull || (request.watch != nil && watches.isFull) {
            return [.completed(request.id, SessionReply(error: .throttledOp))]
        }
        guard case .serving = phase else {
            waiting.append(request)
            return []
        }
        var effects: [SessionEffect] = []
        send(request, now: now, &effects)
        return effects
    }

    /// Adds a credential, here and on every server to come.
    public mutating func addCredential(
        _ id: RequestID, _ packet: AuthPacket, now: Int64
    ) -> [SessionEffect] {
        if case .ended(let state) = phase { return [.completed(id, Self.reply(of: state))] }
        guard credentials.count < Self.credentialsMax else {
            return [.completed(id, SessionReply(error: .throttledOp))]
        }
        credentials.append(Credential(packet: packet, waiter: id))
        guard case .serving = phase else { return [] }
        var effects: [SessionEffect] = []
        sendCredential(at: credentials.count - 1, now: now, &effects)
        return effects
    }

    /// Ends the session: its ephemeral znodes go, if a server can be told.
    public mutating func close(_ id: RequestID, now: Int64) -> [SessionEffect] {
        var effects: [SessionEffect] = []
        switch phase {
        case .ended:
            effects.append(.completed(id, SessionReply(error: .ok)))
        case .serving where goodbyeDeadline == nil:
            let goodbye = SessionRequest(id: id, type: .closeSession, body: [])
            send(goodbye, now: now, &effects)
            goodbyeDeadline = now + Self.goodbyePatience
        case .idle, .resting, .dialing, .handshaking, .serving:
            end(.closed, &effects)
            effects.append(.completed(id, SessionReply(error: .ok)))
        }
        return effects
    }

    /// The reply to requests of a session that is over.
    static func reply(of state: SessionState) -> SessionReply {
        switch state {
        case .expired: SessionReply(error: .sessionExpired)
        case .authFailed: SessionReply(error: .authFailed)
        case .closed, .connecting, .connected, .connectedReadOnly:
            SessionReply(error: .connectionLoss)
        }
    }

    /// Ends the session in a state that nothing follows.
    mutating func end(_ state: SessionState, _ effects: inout [SessionEffect]) {
        switch phase {
        case .dialing, .handshaking, .serving: effects.append(.hangUp)
        case .idle, .resting, .ended: break
        }
        phase = .ended(state)
        goodbyeDeadline = nil
        // First the state, then what it costs: whoever waits finds it when told.
        effects.append(.changed(state))
        let reply = Self.reply(of: state)
        // A goodbye that was not answered is said nevertheless.
        failInFlight(with: reply, &effects)
        failWaiting(with: reply, &effects)
        failCredentialWaiters(with: reply, &effects)
        for (path, watchers) in watches.removeAll() {
            let event = WatchEvent(kind: .sessionEnded, path: path, zxid: Zxid(-1))
            effects.append(.notified(event, watchers))
        }
    }

    mutating func failInFlight(with reply: SessionReply, _ effects: inout [SessionEffect]) {
        for request in inFlight {
            let isGoodbye = request.type == .closeSession
            effects.append(.completed(request.id, isGoodbye ? SessionReply(error: .ok) : reply))
        }
        inFlight.removeAll()
    }

    mutating func failWaiting(with reply: SessionReply, _ effects: inout [SessionEffect]) {
        for request in waiting { effects.append(.completed(request.id, reply)) }
        waiting.removeAll()
    }

    mutating func failCredentialWaiters(
        with reply: SessionReply, _ effects: inout [SessionEffect]
    ) {
        for place in credentials.indices {
            if let waiter = credentials[place].waiter { effects.append(.completed(waiter, reply)) }
            credentials[place].waiter = nil
        }
    }
}
