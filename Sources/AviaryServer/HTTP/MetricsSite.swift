import Configuration
import NIOCore
import NIOHTTP1
import ServerCore

/// `/metrics` for Prometheus, with the names of Apache ZooKeeper's provider.
final class MetricsSite: HTTPSite {
    private let loop: any EventLoop
    private let turns: ServerTurns
    private let host: NIOLoopBound<ReplicaHost>
    private let settings: MetricsConfiguration
    private let health: HealthCheck

    init(_ host: ReplicaHost, _ settings: MetricsConfiguration, probesOn loop: any EventLoop) {
        self.loop = loop
        self.turns = ServerTurns(of: host.loop, on: loop)
        self.host = NIOLoopBound(host, eventLoop: host.loop)
        self.settings = settings
        self.health = HealthCheck(host, on: loop)
    }

    func bodyBound(_ request: HTTPRequest) -> EventLoopFuture<HTTPBodyBound> {
        loop.makeSucceededFuture(HTTPBodyBound(sizeMax: 0))
    }

    func respond(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
        guard request.method == .GET || request.method == .HEAD else {
            return answer(.plain(.methodNotAllowed, "use GET"))
        }
        switch request.path {
        case "/livez": return health.livez()
        case "/readyz": return health.readyz()
        case "/metrics": break
        case "/":
            let page = "<a href=\"/metrics\">metrics</a>\n"
            return answer(HTTPResponse(.ok, "text/html; charset=utf-8", page))
        default: return answer(.plain(.notFound, "there is only /metrics here"))
        }
        let wanted = request.query["name[]"]
        let exportsProcess = settings.exportsProcess && wanted == nil
        return turns.take { [host] in
            host.value.replica.metricSamples(Clock.now())
        }.map { all in
            var samples = all
            if let wanted { samples.removeAll { $0.name != wanted } }
            let process = exportsProcess ? ProcessMetrics.text() : ""
            return HTTPResponse(
                .ok, PrometheusText.mediaType, PrometheusText.write(samples) + process)
        }
    }

    private func answer(_ response: HTTPResponse) -> EventLoopFuture<HTTPResponse> {
        loop.makeSucceededFuture(response)
    }
}
