import Jute
import NIOCore
import Records
import ServerCore

/// A client port of a server, which a change of the configuration may move; connections stay.
final class ClientPort {
    private let listenerOf: ClientListener
    private let inherited: InheritedSockets?
    private var address: String?
    private var port: UInt16
    private var listener: (any Channel)?
    private var host: ReplicaHost { listenerOf.host }

    init(
        _ listener: ClientListener, address: String?, port: UInt16, _ inherited: InheritedSockets?
    ) {
        self.listenerOf = listener
        self.inherited = inherited
        self.address = address
        self.port = port
    }

    /// Opens the port; `failed` is called if it cannot be had.
    func open(_ failed: @escaping () -> Void) {
        let opened = listenerOf.open(address: address, port: port, inherited: inherited)
        let this = NIOLoopBound((self, failed, port), eventLoop: host.loop)
        opened.hop(to: host.loop).whenComplete { result in
            let (this, failed, port) = this.value
            switch result {
            case .success(let channel):
                // It has moved on meanwhile.
                guard port == this.port, this.listener == nil else {
                    return channel.close(promise: nil)
                }
                this.listener = channel
                this.host.serverLog.write(
                    .info,
                    "binding to \(this.name) \(channel.localAddress?.description ?? "\(port)")")
            case .failure(let error):
                this.host.serverLog.write(
                    .error,
                    "cannot listen for clients on port \(port): \(error.inWords). Is another server "
                        + "running? Choose another clientPort, or stop it")
                failed()
            }
        }
    }

    private var name: String {
        switch listenerOf.kind {
        case .plain: "port"
        case .secure: "secure port"
        case .unified: "port of plain connections and TLS"
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
