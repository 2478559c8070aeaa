import Configuration
import Jute
import NIOCore
import NIOHTTP1
import Records
import ServerCore

/// The AdminServer: the commands under their URL, probes, and a page that lists them all.
final class AdminSite: HTTPSite {
    private static let json = "application/json"
    private static let html = "text/html; charset=utf-8"
    /// Restoring takes the snapshot into memory first, to look at all of it; one buffer holds no
    /// more than twice this.
    private static let snapshotSizeMax = 2 << 30
    private static let bodySizeMax = 64 << 10

    private let loop: any EventLoop
    private let turns: ServerTurns
    private let host: NIOLoopBound<ReplicaHost>
    private let settings: AdminConfiguration
    private let gate: NIOLoopBound<AdminGate>
    private let health: HealthCheck

    init(_ host: ReplicaHost, _ settings: AdminConfiguration, probesOn loop: any EventLoop) {
        self.loop = loop
        self.turns = ServerTurns(of: host.loop, on: loop)
        self.host = NIOLoopBound(host, eventLoop: host.loop)
        self.settings = settings
        self.gate = NIOLoopBound(AdminGate(settings), eventLoop: host.loop)
        self.health = HealthCheck(host, on: loop)
    }

    func bodyBound(_ request: HTTPRequest) -> EventLoopFuture<HTTPBodyBound> {
        let small = HTTPBodyBound(sizeMax: AdminSite.bodySizeMax)
        let isRestore = commandName(request.path).flatMap { AdminCommand(named: $0) } == .restore
        guard isRestore, request.method == .POST else { return loop.makeSucceededFuture(small) }
        // Who may not restore, or not now, or not here, is not listened to for long, and told that
        // rather than how long.
        return turns.take { [self] in
            let refusal =
                authorize(request) ?? gate.value.refusalOfNextRestore(Clock.now())
                ?? host.value.replica.refusalOfRestore
            guard let refusal else { return HTTPBodyBound(sizeMax: AdminSite.snapshotSizeMax) }
            countRestore(refusal)
            return HTTPBodyBound(
                sizeMax: 0,
                refusal: Outcome.answer(refusal, AdminCommand.restore.name).response)
        }
    }

    func respond(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
        switch request.method {
        case .GET, .HEAD, .POST: break
        case .TRACE: return answer(.plain(.forbidden, "TRACE is not answered"))
        default: return answer(.plain(.methodNotAllowed, "use GET, or POST for restore"))
        }
        switch request.path {
        case "/livez": return health.livez()
        case "/readyz": return health.readyz()
        case "/": return answer(page(withProbes: true))
        case settings.commandURL, settings.commandURL + "/":
            return answer(page(withProbes: false))
        default: break
        }
        guard let name = commandName(request.path), !name.isEmpty else {
            return answer(.plain(.notFound, "there is no \(request.path) here; / lists what is"))
        }
        return turns.take { [self] in run(name, request) }.map { $0.response }
    }

    private func answer(_ response: HTTPResponse) -> EventLoopFuture<HTTPResponse> {
        loop.makeSucceededFuture(response)
    }

    private func commandName(_ path: String) -> String? {
        let prefix = settings.commandURL + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
    }

    /// One link a line, as Apache ZooKeeper has it.
    private func page(withProbes: Bool) -> HTTPResponse {
        var links = AdminCommand.allCases.map(\.name).sorted()
            .map { "<a href=\"\(settings.commandURL)/\($0)\">\($0)</a>\n<br/>\n" }
        if withProbes {
            links += ["livez", "readyz"].map { "<a href=\"/\($0)\">\($0)</a>\n<br/>\n" }
        }
        return HTTPResponse(.ok, AdminSite.html, links.joined())
    }

    // MARK: Commands, on the replica's loop

    /// What a command has led to; its text is made on the loop of HTTP.
    private enum Outcome: Sendable {
        case answer(AdminAnswer, String)
        case snapshot(SnapshotAnswer, isStreaming: Bool)

        var response: HTTPResponse {
            switch self {
            case .answer(let answer, let name):
                return HTTPResponse(
                    HTTPResponseStatus(statusCode: answer.status), AdminSite.json,
                    answer.json(command: name))
            case .snapshot(let image, let isStreaming):
                var response =
                    isStreaming
                    ? HTTPResponse(.ok, "application/octet-stream", bytes: image.bytes)
                    : Outcome.answer(AdminAnswer(error: nil), AdminCommand.snapshot.name).response
                response.headers.add(name: "last_zxid", value: "0x\(image.zxid.hex)")
                response.headers.add(name: "snapshot_size", value: "\(image.bytes.count)")
                return response
            }
        }
    }

    private func run(_ name: String, _ request: HTTPRequest) -> Outcome {
        guard let command = AdminCommand(named: name) else {
            return .answer(AdminAnswer(error: "Unknown command: \(name)"), name)
        }
        let isPost = request.method == .POST
        if command.needsAuthorization, let refusal = authorize(request) {
            return .answer(refusal, command.name)
        }
        guard isPost == command.takesBody else {
            let answer = AdminAnswer(
                error: "use \(command.takesBody ? "POST" : "GET") for \(command.name)",
                status: 405)
            return .answer(answer, command.name)
        }
        let host = host.value
        defer { host.perform() }
        switch command {
        case .snapshot: return takeSnapshot(request)
        case .restore: return restore(request)
        default:
            // Where there is no other way in, it is no choice that somebody has made.
            if !request.isSecure, settings.isUnified {
                host.replica.metrics.add(.insecureAdminCount)
            }
            return .answer(
                host.replica.administer(command, request.query, Clock.now()), command.name)
        }
    }

    /// Nil if whoever asks has all rights on the root znode.
    private func authorize(_ request: HTTPRequest) -> AdminAnswer? {
        var address = request.address
        if settings.trustsForwardedFor,
            let forwarded = request.headers.first(name: "X-Forwarded-For")?.split(separator: ",")
                .first,
            let parsed = try? SocketAddress(
                ipAddress: String(forwarded.filter { $0 != " " }), port: 0)
        {
            address = parsed.rawBytes
        }
        return host.value.replica.authorize(
            header: request.headers.first(name: "Authorization"), address: address,
            subject: request.subject)
    }

    private func takeSnapshot(_ request: HTTPRequest) -> Outcome {
        let now = Clock.now()
        let replica = host.value.replica
        if let refusal = gate.value.refusalOfSnapshot(now) {
            if refusal.status == 429 { replica.metrics.add(.snapshotRateLimitedCount) }
            return .answer(refusal, AdminCommand.snapshot.name)
        }
        switch replica.takeSnapshot(now) {
        case .success(let image):
            return .snapshot(image, isStreaming: request.query["streaming"] != "false")
        case .failure(let refusal): return .answer(refusal.answer, AdminCommand.snapshot.name)
        }
    }

    private func restore(_ request: HTTPRequest) -> Outcome {
        let now = Clock.now()
        let replica = host.value.replica
        let name = AdminCommand.restore.name
        if let refusal = gate.value.refusalOfRestore(now) {
            countRestore(refusal)
            return .answer(refusal, name)
        }
        let answer = replica.restore(request.body.readableBytesSpan, now)
        replica.metrics.record(
            .restoreTime, Clock.now().monotonicMilliseconds - now.monotonicMilliseconds)
        return .answer(answer, name)
    }

    private func countRestore(_ refusal: AdminAnswer) {
        if refusal.status == 429 {
            host.value.replica.metrics.add(.restoreRateLimitedCount)
        }
    }
}
