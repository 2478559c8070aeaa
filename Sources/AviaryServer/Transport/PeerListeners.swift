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
        let hasElectionMoved = new.election != member.election
        if new.quorum != member.quorum { inherited.release(.quorum) }
        member = new
        return hasElectionMoved
    }

    /// A port is closed until it is opened again.
    func rest(_ port: PeerPort) {
        if port == .quorum { inherited.rest(.quorum) }
    }

    private func place(of port: PeerPort) -> (Endpoint, InheritedSockets.Purpose?) {
        switch port {
        case .election: (member.election, .election)
        case .quorum: (member.quorum, .quorum)
        case .observers:
            (Endpoint(host: member.quorum.host, port: observerMasterPort ?? 0), nil)
        }
    }

    /// Opens the port; the future is not completed before that has worked.
    func open(
        _ port: PeerPort, _ bootstrap: ServerBootstrap, _ serverLog: ServerLog
    ) -> EventLoopFuture<any Channel> {
        let (endpoint, purpose) = place(of: port)
        if let purpose, let descriptor = inherited.take(purpose) {
            return bootstrap.withBoundSocket(descriptor)
        }
        let promise = loop.makePromise(of: (any Channel).self)
        attempt(endpoint, bootstrap, serverLog, promise, isFirst: true)
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
        _ endpoint: Endpoint, _ bootstrap: ServerBootstrap, _ serverLog: ServerLog,
        _ promise: EventLoopPromise<any Channel>, isFirst: Bool
    ) {
        let own = listensOnAllAddresses ? "0.0.0.0" : endpoint.host.description
        let listeners = NIOLoopBound((self, bootstrap), eventLoop: loop)
        resolve(own, endpoint.port).flatMap { address in
            let (_, bootstrap) = listeners.value
            if let address { return bootstrap.bind(to: address) }
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
                    this.attempt(endpoint, bootstrap, serverLog, promise, isFirst: false)
                }
            }
        }
    }
}
