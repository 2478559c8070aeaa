import NIOCore
import NIOPosix
import NIOSSL
import ServerCore

/// What a client port speaks.
enum ClientPortKind {
    case plain
    case secure(TLSContext)
    /// Both: the first byte tells.
    case unified(TLSContext)
}

/// Opens a client port: one handler a connection, on the replica's loop.
struct ClientListener {
    /// The most bytes that are read at once; what a full pipeline of small requests takes.
    private static let readSize = 64 << 10

    let host: ReplicaHost
    let kind: ClientPortKind
    let backlog: Int32
    /// TLS handshakes under way beyond this are refused; 0 or less is any number.
    let handshakesMax: Int
    /// Whether nobody need shake hands with a server that does not serve.
    let dropsHandshakesEarly: Bool

    func open(
        address: String?, port: UInt16, inherited: InheritedSockets?
    ) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(self, eventLoop: host.loop)
        let bootstrap = ServerBootstrap(group: host.loop)
            .serverChannelOption(.backlog, value: backlog > 0 ? backlog : Int32(4096))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 512, initial: 2048, maximum: ClientListener.readSize)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel) }
            }
        if let descriptor = inherited?.take(.client) {
            return bootstrap.withBoundSocket(descriptor)
        }
        if let address { return bootstrap.bind(host: address, port: Int(port)) }
        // On both families at once, or on IPv4 alone where there is no IPv6.
        let kept = NIOLoopBound(bootstrap, eventLoop: host.loop)
        return bootstrap.bind(host: "::", port: Int(port)).hop(to: host.loop).flatMapError { _ in
            kept.value.bind(host: "0.0.0.0", port: Int(port))
        }
    }

    private func accept(_ channel: any Channel) throws {
        let handler = ClientHandler(host: host)
        let pipeline = channel.pipeline.syncOperations
        switch kind {
        case .plain: break
        case .secure(let context):
            guard handshakesMax <= 0 || host.replica.metrics.outstandingHandshakes < handshakesMax
            else {
                host.replica.metrics.add(.tlsHandshakeExceeded)
                return channel.close(promise: nil)
            }
            guard !dropsHandshakesEarly || host.replica.isServing else {
                host.replica.metrics.add(.cnxnClosedWithoutZkServerRunning)
                return channel.close(promise: nil)
            }
            try pipeline.addHandler(NIOSSLServerHandler(context: context.current))
            handler.handshakeBegan()
        case .unified(let context):
            try pipeline.addHandler(
                TLSDetector(context) { [weak handler] in handler?.handshakeBegan() })
        }
        try pipeline.addHandler(handler)
    }
}
