import Configuration
import NIOCore
import NIOPosix
import ServerCore

// What is served over HTTP: to administrators, to probes, and to Prometheus.

extension RunningServer {
    /// Opens the ports; one that is taken costs a line in the log, and nothing else.
    func administer(_ host: ReplicaHost) {
        let admin = files.configuration.admin, metrics = files.configuration.metrics
        guard admin.isEnabled || metrics.isEnabled else { return }
        let loop = httpGroup.next()
        if admin.isEnabled {
            let site = AdminSite(host, admin, probesOn: loop)
            let listener = HTTPListener(
                on: loop, site, idleTimeout: .milliseconds(max(1, admin.idleTimeout)),
                security: adminSecurity)
            if let adminSecurity { watch(adminSecurity.context, "administrators", host.loop) }
            open(
                listener, admin.address, admin.port, "AdminServer",
                keys: "admin.serverPort chooses another, admin.enableServer=false none")
        }
        if metrics.isEnabled { openMetrics(host, on: loop) }
    }

    private func openMetrics(_ host: ReplicaHost, on loop: any EventLoop) {
        let metrics = files.configuration.metrics
        let site = MetricsSite(host, metrics, probesOn: loop)
        let listener = HTTPListener(on: loop, site, idleTimeout: .seconds(60))
        open(
            listener, metrics.address, metrics.port, "metrics for Prometheus",
            keys: "metricsProvider.httpPort chooses another")
    }

    private func open(
        _ listener: HTTPListener, _ address: String?, _ port: UInt16, _ name: String, keys: String
    ) {
        let serverLog = serverLog
        listener.open(address: address, port: port).whenComplete { result in
            switch result {
            case .success:
                serverLog.write(
                    .info, "Started \(name) on address \(address ?? "0.0.0.0"), port \(port)")
            case .failure(let error):
                serverLog.write(
                    .warning, "no \(name): port \(port) cannot be had: \(error.inWords); \(keys)")
            }
        }
    }
}
