import NIOCore
import NIOPosix

/// Opens the client port: one handler a connection, on the replica's loop.
enum ClientListener {
    /// The most bytes that are read at once; what a full pipeline of small requests takes.
    private static let readSize = 64 << 10

    static func open(
        host: ReplicaHost, address: String?, port: UInt16, backlog: Int32,
        inherited: InheritedSockets
    ) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(host, eventLoop: host.loop)
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
                    minimum: 512, initial: 2048, maximum: readSize)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ClientHandler(host: bound.value))
                }
            }
        if let descriptor = inherited.take(.client) {
            return bootstrap.withBoundSocket(descriptor)
        }
        if let address { return bootstrap.bind(host: address, port: Int(port)) }
        // On both families at once, or on IPv4 alone where there is no IPv6.
        let kept = NIOLoopBound(bootstrap, eventLoop: host.loop)
        return bootstrap.bind(host: "::", port: Int(port)).hop(to: host.loop).flatMapError { _ in
            kept.value.bind(host: "0.0.0.0", port: Int(port))
        }
    }
}
