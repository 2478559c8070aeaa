import Configuration
import Jute
import NIOCore
import Records
import ServerCore

/// The client port of a server, which a change of the configuration may move; connections stay.
final class ClientPort {
    private let host: ReplicaHost
    private let backlog: Int32
    private let inherited: InheritedSockets
    private var address: String?
    private var port: UInt16
    private var listener: (any Channel)?

    init(
        host: ReplicaHost, _ configuration: ServerConfiguration, _ inherited: InheritedSockets
    ) {
        self.host = host
        self.backlog = configuration.listenBacklog
        self.inherited = inherited
        self.address = configuration.clientPortAddress
        self.port = configuration.clientPort ?? 2181
    }

    /// Opens the port; `failed` is called if it cannot be had.
    func open(_ failed: @escaping () -> Void) {
        let opened = ClientListener.open(
            host: host, address: address, port: port, backlog: backlog, inherited: inherited)
        let this = NIOLoopBound((self, failed, port), eventLoop: host.loop)
        opened.hop(to: host.loop).whenComplete { result in
            let (this, failed, port) = this.value
            switch result {
            case .success(let channel):
                this.listener = channel
                this.host.serverLog.write(
                    .info, "binding to port \(channel.localAddress?.description ?? "\(port)")")
            case .failure(let error):
                this.host.serverLog.write(
                    .error,
                    "cannot listen for clients on port \(port): \(error). Is another server "
                        + "running? Choose another clientPort, or stop it")
                failed()
            }
        }
    }

    /// Listens at another place; nothing happens if it is the same.
    func move(to endpoint: Endpoint) {
        let host = endpoint.host.description
        let newAddress = host == "0.0.0.0" ? nil : host
        guard endpoint.port != port || newAddress != address else { return }
        address = newAddress
        port = endpoint.port
        let closed = listener?.close() ?? self.host.loop.makeSucceededVoidFuture()
        listener = nil
        let this = NIOLoopBound(self, eventLoop: self.host.loop)
        // A port that cannot be had leaves the server to its peers: it still votes.
        closed.hop(to: self.host.loop).whenComplete { _ in this.value.open {} }
    }
}
