import NIOCore
import NIOPosix
import Records

/// Performs what a session machine decides: sockets, the clock, and those who wait.
///
/// Confined to its event loop, which it asserts; others reach it by `loop.execute`.
final class SessionDriver: @unchecked Sendable {
    // Sendable because every stored variable is touched on `loop` alone.

    /// Who waits for a reply.
    typealias Waiter = @Sendable (SessionReply) -> Void

    let loop: any EventLoop
    private var machine: SessionMachine
    private var waiters: [RequestID: Waiter] = [:]
    private var watchers: [WatcherID: Watcher] = [:]
    /// The watchers of reads that are not answered yet: a read that fails leaves no watch.
    private var unansweredWatches: [RequestID: WatchIntent] = [:]
    private var lastRequest: UInt64 = 0
    private var lastWatcher: UInt64 = 0
    private var channel: (any Channel)?
    private var deadline: Scheduled<Void>?
    private var deadlineAt: Int64?
    private var hasUnflushed = false
    private let onEvent: @Sendable (ClientEvent) -> Void
    private let onProgress: @Sendable (SessionProgress) -> Void

    init(
        loop: any EventLoop, machine: SessionMachine,
        onEvent: @escaping @Sendable (ClientEvent) -> Void,
        onProgress: @escaping @Sendable (SessionProgress) -> Void
    ) {
        self.loop = loop
        self.machine = machine
        self.onEvent = onEvent
        self.onProgress = onProgress
    }

    /// Monotonic milliseconds.
    private var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    // MARK: From those who use the session

    func start() {
        loop.assertInEventLoop()
        perform(machine.start(now: now))
    }

    func submit(
        _ type: OpCode, _ body: [UInt8], watch: (WatchIntent.Kind, Path, Watcher?)?,
        waiter: @escaping Waiter
    ) {
        loop.assertInEventLoop()
        let id = nextRequest(waiter)
        var intent: WatchIntent?
        if let (kind, path, watcher) = watch {
            let registered = WatchIntent(kind: kind, path: path, watcher: register(watcher))
            if watcher != nil { unansweredWatches[id] = registered }
            intent = registered
        }
        perform(
            machine.submit(
                SessionRequest(id: id, type: type, body: body, watch: intent), now: now))
    }

    func addCredential(_ packet: AuthPacket, waiter: @escaping Waiter) {
        loop.assertInEventLoop()
        let id = nextRequest(waiter)
        perform(machine.addCredential(id, packet, now: now))
    }

    func close(waiter: @escaping Waiter) {
        loop.assertInEventLoop()
        let id = nextRequest(waiter)
        perform(machine.close(id, now: now))
    }

    private func nextRequest(_ waiter: @escaping Waiter) -> RequestID {
        lastRequest += 1
        let id = RequestID(lastRequest)
        waiters[id] = waiter
        return id
    }

    private func register(_ watcher: Watcher?) -> WatcherID {
        guard let watcher else { return .session }
        lastWatcher += 1
        let id = WatcherID(lastWatcher)
        watchers[id] = watcher
        return id
    }

    // MARK: From the connection

    func receivedFrame(_ frame: [UInt8], _ attempt: AttemptID) {
        loop.assertInEventLoop()
        run(machine.receivedFrame(frame, attempt, now: now))
    }

    /// All frames of one read were handled: what they led to leaves in one write.
    func finishedReading() { finish() }

    func connectionLost(_ attempt: AttemptID) {
        loop.assertInEventLoop()
        perform(machine.connectionLost(attempt, now: now))
    }

    private func dialed(_ channel: any Channel, _ attempt: AttemptID) {
        let effects = machine.dialed(attempt, now: now)
        // Given up in the meantime.
        guard !effects.isEmpty else { return channel.close(promise: nil) }
        self.channel = channel
        perform(effects)
    }

    // MARK: Effects

    private func perform(_ effects: [SessionEffect]) {
        run(effects)
        finish()
    }

    private func finish() {
        if hasUnflushed {
            hasUnflushed = false
            channel?.flush()
        }
        scheduleDeadline()
        onProgress(
            SessionProgress(
                state: machine.state, session: machine.sessionID, server: machine.server,
                grantedTimeout: machine.grantedTimeout))
    }

    private func run(_ effects: [SessionEffect]) {
        for effect in effects {
            switch effect {
            case .dial(let address, let attempt): dial(address, attempt)
            case .send(let frame):
                guard let channel else { continue }
                channel.write(channel.allocator.buffer(bytes: frame), promise: nil)
                hasUnflushed = true
            case .hangUp:
                // What was written before the goodbye has left: replies came back.
                channel?.close(promise: nil)
                channel = nil
            case .completed(let id, let reply): complete(id, reply)
            case .notified(let event, let ids): tell(ids, of: event)
            case .changed(let state): onEvent(.state(state))
            case .roundFailed: onEvent(.noServerReached)
            }
        }
    }

    private func complete(_ id: RequestID, _ reply: SessionReply) {
        if let watch = unansweredWatches.removeValue(forKey: id),
            !WatchRegistry.isLeft(watch.kind, error: reply.error)
        {
            watchers.removeValue(forKey: watch.watcher)
        }
        waiters.removeValue(forKey: id)?(reply)
    }

    private func tell(_ ids: [WatcherID], of event: WatchEvent) {
        for id in ids {
            guard id == .session else {
                watchers.removeValue(forKey: id)?(event)
                continue
            }
            // The session's listener hears of its end as a state.
            if event.kind != .sessionEnded { onEvent(.watch(event)) }
        }
    }

    /// Looks the name up anew, tries each of its addresses, and reports.
    private func dial(_ address: ServerAddress, _ attempt: AttemptID) {
        channel = nil
        let patience = TimeAmount.milliseconds(max(machine.dialPatience, 1))
        ClientBootstrap(group: loop)
            .connectTimeout(patience)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ConnectionHandler(driver: self, attempt: attempt)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: address.host, port: address.port)
            .hop(to: loop)
            .whenComplete { result in
                switch result {
                case .success(let channel): self.dialed(channel, attempt)
                case .failure: self.connectionLost(attempt)
                }
            }
    }

    private func scheduleDeadline() {
        let next = machine.nextDeadline
        guard next != deadlineAt else { return }
        // A deadline that moves away is looked at again when the earlier one comes: with each
        // request the next ping moves, and rescheduling costs more than one needless look.
        if let next, let deadlineAt, next > deadlineAt, deadline != nil { return }
        deadline?.cancel()
        deadline = nil
        deadlineAt = next
        guard let next else { return }
        let wait = TimeAmount.milliseconds(max(next - now, 0))
        deadline = loop.scheduleTask(in: wait) { self.deadlineCame() }
    }

    private func deadlineCame() {
        deadline = nil
        deadlineAt = nil
        perform(machine.hitDeadline(now: now))
    }
}
