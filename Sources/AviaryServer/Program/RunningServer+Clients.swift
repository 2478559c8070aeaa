import Configuration
import NIOCore
import ServerCore
import Storage

// The ports for clients: plain, through TLS, or one for both.

extension RunningServer {
    /// TLS for clients, if the configuration wants any.
    static func clientTLS(
        _ configuration: ServerConfiguration, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> TLSContext? {
        guard configuration.secureClientPort != nil || configuration.isClientPortUnified else {
            return nil
        }
        return try TLSContext(configuration.tls, prefix: "ssl.", in: fileSystem)
    }

    /// Opens the ports; returns the plain one, which may move.
    func openClientPorts(
        _ host: ReplicaHost, _ ended: EventLoopPromise<Int32>
    ) -> ClientPort? {
        let configuration = files.configuration
        var plain: ClientPort?
        // A server with a secure port alone takes no plain connections.
        if configuration.clientPort != nil || configuration.secureClientPort == nil {
            let isUnified = configuration.isClientPortUnified
            let kind = clientTLS.flatMap { isUnified ? ClientPortKind.unified($0) : nil } ?? .plain
            let port = ClientPort(
                listener(host, kind), address: configuration.clientPortAddress,
                port: configuration.clientPort ?? 2181, inherited)
            port.open { ended.succeed(1) }
            plain = port
        }
        if let secure = configuration.secureClientPort, let clientTLS {
            let port = ClientPort(
                listener(host, .secure(clientTLS)), address: configuration.secureClientPortAddress,
                port: secure, nil)
            port.open { ended.succeed(1) }
        }
        if let clientTLS { watch(clientTLS, "clients", host.loop) }
        return plain
    }

    private func listener(_ host: ReplicaHost, _ kind: ClientPortKind) -> ClientListener {
        ClientListener(
            host: host, kind: kind, backlog: files.configuration.listenBacklog,
            handshakesMax: files.configuration.handshakesMax,
            dropsHandshakesEarly: files.configuration.dropsHandshakesEarly)
    }

    /// Looks after the files of certificates.
    func watch(_ context: TLSContext, _ whose: String, _ loop: any EventLoop) {
        guard context.settings.reloads else { return }
        let serverLog = serverLog
        loop.scheduleRepeatedTask(initialDelay: .seconds(2), delay: .seconds(2)) { _ in
            switch context.reloadIfChanged() {
            case .success(false): break
            case .success(true):
                serverLog.write(.info, "certificates for \(whose) were read again")
            case .failure(let problem):
                serverLog.write(
                    .warning, "certificates for \(whose) stay what they were: \(problem)")
            }
        }
    }
}
