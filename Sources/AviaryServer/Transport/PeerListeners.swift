import Jute
import NIOCore
import NIOPosix
import Records
import ServerCore

/// Opens the ports for other servers, trying again for as long as it takes.
///
/// A name that does not resolve yet must not stop a server: it then listens on every address, and
/// says so once.
final class PeerListeners {
    private var member: Member
    private let listensOnAllAddresses: Bool
    private let observerMasterPort: UInt16?
    private let inherited: InheritedSockets
    private let loop: any EventLoop

    private struct HasMoved: Error {}
    private struct HasNoAddress: Error, CustomStringConvertible {
        let description = "the name does not resolve"
    }

    init(
        member: Member, listensOnAllAddresses: Bool, observerMasterPort: UInt16?,
        inherited: InheritedSockets, loop: any EventLoop
    ) {
        self.member = member
        self.observerMasterPort = observerMasterPort
        self.listensOnAllAddresses = listensOnAllAddresses
        self.inherited = inherited
        self.loop = loop
    }

    /// Takes over new addresses; true if the election port is another one now.
    func move(to new: Member) -> Bool {
        let hasElectionMoved = new.electionEndpoints != member.electionEndpoints
        // Its socket is the place of a server that has one alone.
        if new.quorum != member.quorum || !new.further.isEmpty { inherited.release(.quorum) }
        member = new
        return hasElectionMoved
    }

    /// A port is closed until it is opened again.
    func rest(_ port: PeerPort) {
        if port == .quorum { inherited.rest(.quorum) }
    }

    /// Where a port is open, at one place for each of the server's addresses.
    func places(of port: PeerPort) -> [Endpoint] {
        var places: [Endpoint] = []
        for address in member.addresses {
            var place =
                switch port {
                case .election: address.election
                case .quorum: address.quorum
                case .observers:
                    Endpoint(host: address.quorum.host, port: observerMasterPort ?? 0)
                }
            if listensOnAllAddresses { place.host = "0.0.0.0" }
            if !places.contains(place) { places.append(place) }
        }
        return places
    }

    /// Opens a place of the port; the future is not completed before that has worked, or fails when
    /// the place is not this server's any more.
    func open(
        _ port: PeerPort, at place: Endpoint, _ bootstrap: ServerBootstrap,
        _ serverLog: ServerLog
    ) -> EventLoopFuture<any Channel> {
        // What a launcher has bound is the place of a server that has one alone.
        let purpose: InheritedSockets.Purpose? =
            switch port {
            case .election: .election
            case .quorum: .quorum
            case .observers: nil
            }
        if let purpose, member.further.isEmpty, let descriptor = inherited.take(purpose) {
            return bootstrap.withBoundSocket(descriptor)
        }
        let promise = loop.makePromise(of: (any Channel).self)
        attempt(port, place, bootstrap, serverLog, promise, isFirst: true)
        return promise.futureResult
    }

    /// The address of a name, nil if it has none; clients do not wait for an answer.
    private func resolve(_ host: String, _ port: UInt16) -> EventLoopFuture<SocketAddress?> {
        if let address = try? SocketAddress(ipAddress: host, port: Int(port)) {
            return loop.makeSucceededFuture(address)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            try? SocketAddress.makeAddressResolvingHost(host, port: Int(port))
        }
    }

    private func attempt(
        _ port: PeerPort, _ endpoint: Endpoint, _ bootstrap: ServerBootstrap,
        _ serverLog: ServerLog, _ promise: EventLoopPromise<any Channel>, isFirst: Bool
    ) {
        guard places(of: port).contains(endpoint) else { return promise.fail(HasMoved()) }
        let own = endpoint.host.description
        let listeners = NIOLoopBound((self, bootstrap), eventLoop: loop)
        let isOnlyPlace = member.further.isEmpty
        resolve(own, endpoint.port).flatMap { address in
            let (this, bootstrap) = listeners.value
            if let address { return bootstrap.bind(to: address) }
            // Where the others are, every address may not be free.
            guard isOnlyPlace else { return this.loop.makeFailedFuture(HasNoAddress()) }
            if isFirst {
                serverLog.write(
                    .warning,
                    "\(own) does not resolve: listening on every address at port \(endpoint.port)")
            }
            return bootstrap.bind(host: "0.0.0.0", port: Int(endpoint.port))
        }.hop(to: loop).whenComplete { result in
            switch result {
            case .success(let channel): promise.succeed(channel)
            case .failure(let error):
                if isFirst {
                    serverLog.write(
                        .warning, "cannot listen on \(endpoint): \(error.inWords); trying again")
                }
                listeners.value.0.loop.scheduleTask(in: .milliseconds(100)) {
                    let (this, bootstrap) = listeners.value
                    this.attempt(port, endpoint, bootstrap, serverLog, promise, isFirst: false)
                }
            }
        }
    }
}
