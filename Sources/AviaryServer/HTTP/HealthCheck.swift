import NIOCore
import NIOHTTP1
import ServerCore

/// `/livez` and `/readyz`: true status codes, and a line that says why.
///
/// Alive is a server that makes progress: a quorum is no part of that, or all would be started
/// again whenever one is missing. Ready is one that is in a quorum and in step with it.
final class HealthCheck: Sendable {
    /// Where the answers are.
    static let paths: Set<String> = ["/livez", "/readyz"]
    /// How long the server's loop may take to answer before it counts as standing still.
    private static let patience = TimeAmount.seconds(5)

    private let host: NIOLoopBound<ReplicaHost>
    private let serverLoop: any EventLoop
    private let loop: any EventLoop

    /// `loop` is not the host's: it must turn when that one does not.
    init(_ host: ReplicaHost, on loop: any EventLoop) {
        self.host = NIOLoopBound(host, eventLoop: host.loop)
        self.serverLoop = host.loop
        self.loop = loop
    }

    func livez() -> EventLoopFuture<HTTPResponse> { ask { $0.liveness($1) } }

    func readyz() -> EventLoopFuture<HTTPResponse> { ask { $0.readiness($1) } }

    private func ask(
        _ question: @escaping @Sendable (Replica, Moment) -> ServerCondition
    ) -> EventLoopFuture<HTTPResponse> {
        let promise = loop.makePromise(of: HTTPResponse.self)
        let limit = loop.scheduleTask(in: HealthCheck.patience) {
            promise.succeed(
                .plain(
                    .serviceUnavailable,
                    "the server has not answered itself for \(HealthCheck.patience.nanoseconds / 1_000_000_000) s"
                ))
        }
        let host = host
        serverLoop.submit { question(host.value.replica, Clock.now()) }.hop(to: loop)
            .whenSuccess { condition in
                limit.cancel()
                promise.succeed(
                    .plain(condition.isGood ? .ok : .serviceUnavailable, condition.reason))
            }
        return promise.futureResult
    }
}
