public import Jute
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Records

/// A client of a ZooKeeper ensemble: one session, kept over whichever server can be reached.
///
/// Requests are sent in the order of the calls and answered in it. A request whose answer is lost
/// with the connection fails with `connectionLoss`: whether it was carried out is not known. While
/// no server serves, requests wait until every server was tried once.
public final class ZooKeeperClient: Sendable {
    private let driver: SessionDriver
    private let chroot: Chroot
    private let progress: NIOLockedValueBox<SessionProgress>
    private let hub: EventHub

    /// Events as they come, from this moment on, until the session ends.
    public var events: AsyncStream<ClientEvent> { hub.subscribe() }
    /// The state, the id and the server at this moment.
    public var current: SessionProgress { progress.withLockedValue { $0 } }

    /// A session that at once begins to look for a server.
    ///
    /// `onEvent` is called on the client's event loop, before the reply that follows the event.
    public init(
        _ connectString: ConnectString, timeout: Int32 = 30_000, isReadOnlyAllowed: Bool = false,
        onEvent: (@Sendable (ClientEvent) -> Void)? = nil
    ) {
        let machine = SessionMachine(
            SessionMachine.Settings(
                servers: connectString.servers, timeout: timeout,
                isReadOnlyAllowed: isReadOnlyAllowed,
                seed: UInt64.random(in: 0...UInt64.max)))
        let hub = EventHub()
        let chroot = connectString.chroot
        let progress = NIOLockedValueBox(
            SessionProgress(
                state: .connecting, session: .none, server: nil, grantedTimeout: Int64(timeout)))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let driver = SessionDriver(loop: loop, machine: machine) { event in
            let event = event.relative(to: chroot)
            if case .state(let state) = event { progress.withLockedValue { $0.state = state } }
            onEvent?(event)
            hub.publish(event)
        } onProgress: { new in
            progress.withLockedValue { $0 = new }
        }
        self.driver = driver
        self.chroot = chroot
        self.progress = progress
        self.hub = hub
        loop.execute { driver.start() }
    }

    /// Waits until a server serves the session.
    ///
    /// Fails when the session is over, when `patience` ends, or, unless `isPersistent`, as soon
    /// as every server was tried in vain.
    public func waitUntilConnected(
        patience: Duration, isPersistent: Bool = false
    ) async throws(ZooKeeperError) {
        let (events, continuation) = hub.subscription()
        if try isConnected() { return }
        let (seconds, attoseconds) = patience.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        let alarm = driver.loop.scheduleTask(in: .nanoseconds(nanoseconds)) {
            continuation.finish()
        }
        defer { alarm.cancel() }
        for await event in events {
            if try isConnected() { return }
            if event == .noServerReached, !isPersistent { break }
        }
        guard try isConnected() else { throw ZooKeeperError(.connectionLoss) }
    }

    private func isConnected() throws(ZooKeeperError) -> Bool {
        switch current.state {
        case .connected, .connectedReadOnly: return true
        case .connecting: return false
        case .expired: throw ZooKeeperError(.sessionExpired)
        case .authFailed: throw ZooKeeperError(.authFailed)
        case .closed: throw ZooKeeperError(.connectionLoss, "the session is closed")
        }
    }

    /// Ends the session, and with it its ephemeral znodes.
    public func close() async {
        let driver = driver
        _ = await withCheckedContinuation { continuation in
            driver.loop.execute { driver.close { continuation.resume(returning: $0) } }
        }
    }

    /// Adds a credential to the session: here, and on every server it will move to.
    public func addAuth(scheme: ByteString, auth: [UInt8]) async throws(ZooKeeperError) {
        let driver = driver
        let packet = AuthPacket(scheme: scheme, auth: auth)
        let reply = await withCheckedContinuation { continuation in
            driver.loop.execute {
                driver.addCredential(packet) { continuation.resume(returning: $0) }
            }
        }
        guard reply.error == .ok else { throw ZooKeeperError(reply.error) }
    }

    // MARK: What the operations are made of

    /// The path as the server knows it.
    func absolute(_ path: Path) -> Path { chroot.absolute(path) }
    /// The path as the caller knows it.
    func relative(_ path: Path) -> Path { chroot.relative(path) }

    /// Sends one request and waits for its reply.
    ///
    /// The path is the caller's, for errors; that of the watch is the server's.
    func call(
        _ type: OpCode, path: Path?, watch: (WatchIntent.Kind, Path, Watcher?)? = nil,
        _ encode: (inout JuteWriter) -> Void
    ) async throws(ZooKeeperError) -> [UInt8] {
        var writer = JuteWriter()
        encode(&writer)
        let body = writer.copyBytes()
        let driver = driver
        let chroot = chroot
        var intent: (WatchIntent.Kind, Path, Watcher?)?
        if let (kind, watched, watcher) = watch {
            let told: Watcher? = watcher.map { watcher in
                { @Sendable event in watcher(event.relative(to: chroot)) }
            }
            intent = (kind, watched, told)
        }
        let sent = intent
        let reply = await withCheckedContinuation { continuation in
            driver.loop.execute {
                driver.submit(type, body, watch: sent) { continuation.resume(returning: $0) }
            }
        }
        guard reply.error == .ok else { throw ZooKeeperError(reply.error, path: path) }
        return reply.body
    }

    /// Reads a reply's record; one that does not hold it is the server's fault.
    func decode<Value>(
        _ body: [UInt8], path: Path?,
        _ read: (inout JuteReader) throws(JuteError) -> Value
    ) throws(ZooKeeperError) -> Value {
        let bytes = body.rawSpan
        var reader = JuteReader(bytes)
        do throws(JuteError) {
            return try read(&reader)
        } catch {
            throw ZooKeeperError(
                .marshallingError, "the server's reply cannot be read", path: path)
        }
    }
}

extension ClientEvent {
    func relative(to chroot: Chroot) -> ClientEvent {
        guard case .watch(let event) = self else { return self }
        return .watch(event.relative(to: chroot))
    }
}

extension WatchEvent {
    func relative(to chroot: Chroot) -> WatchEvent {
        WatchEvent(kind: kind, path: chroot.relative(path), zxid: zxid)
    }
}
