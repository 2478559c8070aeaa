import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import ServerCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Listens for HTTP and gives each request to a site.
///
/// It runs on a loop of its own: what is asked there takes turns with clients (`ServerTurns`), and
/// it can tell that the server's loop stands still.
final class HTTPListener: Sendable {
    /// Connections beyond this are for probes alone: monitors need a few.
    private static let connectionCountMax = 256
    /// Beyond this they are closed at once.
    private static let probeCountMax = 288

    private let loop: any EventLoop
    private let site: any HTTPSite
    private let idleTimeout: TimeAmount
    /// Nil where everything is plain.
    private let security: PeerSecurity?
    private let connectionCount = NIOLockedValueBox(0)

    init(
        on loop: any EventLoop, _ site: any HTTPSite, idleTimeout: TimeAmount,
        security: PeerSecurity? = nil
    ) {
        self.security = security
        self.loop = loop
        self.site = site
        self.idleTimeout = idleTimeout
    }

    /// Opens the port; without an address, on every one of this machine.
    func open(address: String?, port: UInt16) -> EventLoopFuture<any Channel> {
        if let address, address != "0.0.0.0" { return bind(address, port) }
        return bind("::", port).flatMapError { [self] error in
            // Taken is taken; where there is no IPv6, the rest will do.
            if (error as? IOError)?.errnoCode == EADDRINUSE { return loop.makeFailedFuture(error) }
            return bind("0.0.0.0", port)
        }
    }

    private func bind(_ address: String, _ port: UInt16) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in accept(channel) }
            .bind(host: address, port: Int(port)).hop(to: loop)
    }

    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let count = connectionCount.withLockedValue { count in
            count += 1
            return count
        }
        channel.closeFuture.whenComplete { [connectionCount] _ in
            connectionCount.withLockedValue { $0 -= 1 }
        }
        guard count <= HTTPListener.probeCountMax else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try security?.accepted(channel)
            try pipeline.addHandler(IdleStateHandler(allTimeout: idleTimeout))
            try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
            try pipeline.addHandler(
                HTTPHandler(site, isCrowded: count > HTTPListener.connectionCountMax))
        }
    }
}
