import Jute
import NIOCore
import NIOPosix
import Quorum
import Records
import ServerCore

/// Which of a server's ports for its peers.
enum PeerPort {
    case election
    case quorum
    /// Where a follower serves observers in the leader's place; what is said there is the same.
    case observers
}

/// The connections between servers: raw bytes by link, in both directions.
///
/// Confined to the event loop. Names are resolved at every dial, by NIO and off the loop.
final class PeerTransport {
    private static let closingLimit = TimeAmount.seconds(5)

    private let host: ReplicaHost
    private let listeners: PeerListeners
    private let connectTimeout: TimeAmount
    /// Nil where everything is plain.
    private let security: PeerSecurity?
    /// Nil where nobody logs in.
    private let logins: PeerLogins?
    private var channels: [LinkID: any Channel] = [:]
    private var unflushed: Set<LinkID> = []
    private var unresolved = UnresolvedNames()
    /// Of those that were dialed, and of whoever has dialed.
    private var failuresByDirection = (dialed: HandshakeFailures(), accepted: HandshakeFailures())
    /// The ports for learners that are to be open.
    private var wanted: Set<PeerPort> = []
    private var listening: [PeerPort: [Endpoint: any Channel]] = [:]
    /// Places that are going to be open.
    private var opening: [PeerPort: Set<Endpoint>] = [:]
    /// How often a port was closed: what was going to be open before comes too late.
    private var closings: [PeerPort: Int] = [:]

    init(
        host: ReplicaHost, listeners: PeerListeners, connectTimeout: TimeAmount,
        security: PeerSecurity?, logins: PeerLogins?
    ) {
        self.security = security
        self.logins = logins
        self.host = host
        self.listeners = listeners
        self.connectTimeout = connectTimeout
    }

    /// Opens the election port.
    func start() {
        wanted.insert(.election)
        open(.election)
    }

    /// This server has other addresses by the configuration: it listens there.
    ///
    /// Links stay, and the quorum port is opened at its new place by the next reign.
    func move(to member: Member) {
        if listeners.move(to: member) { open(.election) }
    }

    /// Opens a port wherever it is not open yet, and closes it wherever else it is.
    private func open(_ port: PeerPort) {
        let missing = listeners.places(of: port).filter {
            listening[port]?[$0] == nil && opening[port]?.contains($0) != true
        }
        if missing.isEmpty { closeFormerPlaces(of: port) }
        for place in missing {
            opening[port, default: []].insert(place)
            open(port, at: place)
        }
    }

    private func opened(
        _ port: PeerPort, at place: Endpoint, after closings: Int, _ channel: (any Channel)?
    ) {
        let isLate = closings != self.closings[port, default: 0]
        if !isLate { opening[port]?.remove(place) }
        guard let channel else { return }
        guard !isLate, wanted.contains(port), listening[port]?[place] == nil,
            listeners.places(of: port).contains(place)
        else { return channel.close(promise: nil) }
        listening[port, default: [:]][place] = channel
        closeFormerPlaces(of: port)
    }

    private func closeFormerPlaces(of port: PeerPort) {
        let places = listeners.places(of: port)
        for (place, channel) in listening[port] ?? [:] where !places.contains(place) {
            listening[port]?[place] = nil
            channel.close(promise: nil)
        }
    }

    private func open(_ port: PeerPort, at place: Endpoint) {
        let transport = NIOLoopBound(self, eventLoop: host.loop)
        let closings = closings[port, default: 0]
        let patience = unacknowledgedLimit
        let bootstrap = ServerBootstrap(group: host.loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                transport.value.accept(channel, port)
                return PeerTransport.limit(channel, port, patience)
            }
        listeners.open(port, at: place, bootstrap, host.serverLog).hop(to: host.loop)
            .whenComplete {
                transport.value.opened(port, at: place, after: closings, try? $0.get())
            }
    }

    private func accept(_ channel: any Channel, _ port: PeerPort) {
        do {
            try security?.accepted(channel)
            let place = channel.remoteAddress?.text ?? "somewhere"
            try logins?.accepted(channel, port) { [host] in
                host.serverLog.write(.warning, "a server dialed from \(place): \($0)")
            }
        } catch {
            return channel.close(promise: nil)
        }
        let link = host.replica.newLink()
        adopt(channel, link, port, .accepted(channel.remoteAddress?.ipAddress ?? "somewhere"))
        if port != .election {
            host.replica.noteAddress(channel.remoteAddress?.text, of: link)
        }
        host.tell {
            port == .election ? $0.electionAccepted(link, $1) : $0.quorumAccepted(link, $1)
        }
    }

    private func adopt(
        _ channel: any Channel, _ link: LinkID, _ port: PeerPort, _ origin: LinkOrigin
    ) {
        channels[link] = channel
        let handler = LinkHandler(host: host, link: link, port: port) { [weak self] event in
            switch event {
            case .closed:
                self?.channels[link] = nil
                self?.host.replica.noteAddress(nil, of: link)
            case .failed(let error): self?.noteFailure(error, origin)
            case .heard: self?.noteAgreement(origin)
            }
        }
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            channel.close(promise: nil)
        }
    }

    /// Opens or closes a port for learners.
    func listen(_ port: PeerPort, _ listens: Bool) {
        guard listens != wanted.contains(port) else { return }
        guard listens else {
            wanted.remove(port)
            opening[port] = nil
            closings[port, default: 0] += 1
            for channel in listening.removeValue(forKey: port)?.values.map({ $0 }) ?? [] {
                channel.close(promise: nil)
            }
            listeners.rest(port)
            return
        }
        wanted.insert(port)
        open(port)
    }

    func dial(_ link: LinkID, _ endpoint: Endpoint, _ port: PeerPort) {
        let transport = NIOLoopBound(self, eventLoop: host.loop)
        let patience = unacknowledgedLimit
        let security = NIOLoopBound((security, logins, host.serverLog), eventLoop: host.loop)
        ClientBootstrap(group: host.loop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                do {
                    let (security, logins, serverLog) = security.value
                    try security?.dialed(channel, endpoint)
                    try logins?.dialed(channel, port) {
                        serverLog.write(.warning, "dialed the server at \(endpoint): \($0)")
                    }
                } catch {
                    return channel.eventLoop.makeFailedFuture(error)
                }
                return PeerTransport.limit(channel, port, patience)
            }
            .connect(host: endpoint.host.description, port: Int(endpoint.port))
            .hop(to: host.loop)
            .whenComplete {
                transport.value.noteName(endpoint.host.description, $0)
                transport.value.dialed(link, port, endpoint, $0)
            }
    }

    /// Says when a name begins to be one that nobody knows, and when that is over.
    private func noteName(_ name: String, _ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error) where UnresolvedNames.isCause(of: error):
            if let line = unresolved.failed(name) { host.serverLog.write(.warning, line) }
        case .failure(let error) where !UnresolvedNames.hadAddress(error): break
        case .success, .failure:
            if let line = unresolved.resolved(name) { host.serverLog.inform(line) }
        }
    }

    /// Servers that refuse each other do so in silence for those who do not read this.
    private func noteFailure(_ error: any Error, _ origin: LinkOrigin) {
        guard let reason = HandshakeFailures.reason(of: error) else { return }
        let now = Clock.now().monotonicMilliseconds
        let line =
            switch origin {
            case .dialed(let endpoint):
                failuresByDirection.dialed.failed("the server at \(endpoint)", reason, now: now)
            case .accepted(let address):
                failuresByDirection.accepted.failed(
                    "who dialed from \(address)", reason, now: now)
            }
        if let line { host.serverLog.write(.warning, line) }
    }

    /// Of those who dial it cannot be told who is who: several may be at one address.
    private func noteAgreement(_ origin: LinkOrigin) {
        guard case .dialed(let endpoint) = origin,
            let line = failuresByDirection.dialed.agreed("the server at \(endpoint)")
        else { return }
        host.serverLog.inform(line)
    }

    private func dialed(
        _ link: LinkID, _ port: PeerPort, _ endpoint: Endpoint,
        _ result: Result<any Channel, any Error>
    ) {
        switch result {
        case .success(let channel):
            adopt(channel, link, port, .dialed(endpoint))
            host.tell {
                port == .election ? $0.electionDialed(link, $1) : $0.quorumDialed(link, $1)
            }
        case .failure:
            host.tell {
                port == .election
                    ? $0.electionDialFailed(link, $1) : $0.quorumDialFailed(link, $1)
            }
        }
    }

    /// How long a vote may be on its way, in milliseconds, before the link it left on is dead.
    private var unacknowledgedLimit: Int {
        Int(clamping: connectTimeout.nanoseconds / 1_000_000)
    }

    /// Ends a link of the election whose other end is gone without a word.
    ///
    /// When an address is taken from a running server, nothing refuses what is sent to it: the
    /// system would repeat the votes into the void for a quarter of an hour, and the peers would
    /// never dial the new address. A link to the leader has its own pings.
    private static func limit(
        _ channel: any Channel, _ port: PeerPort, _ milliseconds: Int
    ) -> EventLoopFuture<Void> {
        #if os(Linux)
            if port == .election {
                // TCP_USER_TIMEOUT, which not every header has. A kernel without it is no reason to
                // have no link at all.
                let option = ChannelOptions.Types.SocketOption(
                    level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
                return channel.setOption(option, value: milliseconds).flatMapError { _ in
                    channel.eventLoop.makeSucceededVoidFuture()
                }
            }
        #endif
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    func send(_ link: LinkID, _ bytes: [UInt8]) {
        guard let channel = channels[link] else { return }
        channel.write(ByteBuffer(bytes: bytes), promise: nil)
        unflushed.insert(link)
    }

    /// Sends what was written since the last call, each link's in one go.
    func flush() {
        for link in unflushed { channels[link]?.flush() }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// Calls back once what was sent on a link has left this process; never, if it is closed.
    func whenWritten(_ link: LinkID, _ body: @escaping () -> Void) {
        guard let channel = channels[link] else { return }
        let body = NIOLoopBound(body, eventLoop: host.loop)
        channel.writeAndFlush(ByteBuffer()).whenSuccess { body.value() }
    }

    func close(_ link: LinkID) {
        guard let channel = channels.removeValue(forKey: link) else { return }
        unflushed.remove(link)
        guard channel.isWritable else { return channel.close(promise: nil) }
        // Not before what was sent is gone: a channel that has just connected writes later, and a
        // greeting that asks for a call would be lost. A peer that takes nothing is not waited for.
        let limit = channel.eventLoop.scheduleTask(in: PeerTransport.closingLimit) {
            channel.close(promise: nil)
        }
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
            limit.cancel()
            channel.close(promise: nil)
        }
    }
}
