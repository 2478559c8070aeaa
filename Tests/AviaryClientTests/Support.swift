import Jute
import Records

@testable import AviaryClient

/// A session machine told by hand: what it asks for comes back as lines, and the server's half of
/// the talk is written as values.
struct Transcript {
    var machine: SessionMachine
    var now: Int64 = 1_000
    /// What happened, a line an effect.
    var lines: [String] = []
    private var attempt = AttemptID(0)

    init(_ servers: [String], timeout: Int32 = 30_000, isReadOnlyAllowed: Bool = false) {
        machine = SessionMachine(
            SessionMachine.Settings(
                servers: servers.map { ServerAddress(host: $0, port: 2181) }, timeout: timeout,
                isReadOnlyAllowed: isReadOnlyAllowed, outstandingMax: 4, seed: 1))
        // The order of the tests, not that of the seed.
        machine.order = machine.settings.servers
    }

    /// The lines since the last call.
    mutating func take() -> [String] {
        defer { lines = [] }
        return lines
    }

    mutating func start() { note(machine.start(now: now)) }
    mutating func dialed() { note(machine.dialed(attempt, now: now)) }
    mutating func lost() { note(machine.connectionLost(attempt, now: now)) }
    mutating func close(_ id: UInt64) { note(machine.close(RequestID(id), now: now)) }

    mutating func advance(to time: Int64) {
        now = time
        note(machine.hitDeadline(now: now))
    }

    mutating func submit(
        _ id: UInt64, _ type: OpCode = .getData, watch: WatchIntent.Kind? = nil,
        path: Path = "/a", watcher: UInt64 = 0
    ) {
        let intent = watch.map { WatchIntent(kind: $0, path: path, watcher: WatcherID(watcher)) }
        let request = SessionRequest(id: RequestID(id), type: type, body: [], watch: intent)
        note(machine.submit(request, now: now))
    }

    mutating func addAuth(_ id: UInt64, _ secret: String) {
        let packet = AuthPacket(scheme: "digest", auth: Array(secret.utf8))
        note(machine.addCredential(RequestID(id), packet, now: now))
    }

    mutating func frame(_ bytes: [UInt8]) {
        note(machine.receivedFrame(bytes, attempt, now: now))
    }

    /// The server takes the session.
    mutating func accepted(timeout: Int32 = 30_000, session: Int64 = 7, readOnly: Bool? = false) {
        var writer = JuteWriter()
        ConnectResponse(
            timeout: timeout, session: SessionID(session), password: [1, 2, 3], readOnly: readOnly
        ).write(to: &writer)
        frame(writer.copyBytes())
    }

    mutating func reply(_ xid: Int32, zxid: Int64 = 0, error: ErrorCode = .ok) {
        var writer = JuteWriter()
        ReplyHeader(xid: Xid(xid), zxid: Zxid(zxid), error: error).write(to: &writer)
        frame(writer.copyBytes())
    }

    mutating func event(_ type: Int32, _ path: Path, zxid: Int64 = -1) {
        var writer = JuteWriter()
        ReplyHeader(xid: .notification, zxid: Zxid(zxid), error: .ok).write(to: &writer)
        WatcherEvent(type: type, path: path).write(to: &writer)
        frame(writer.copyBytes())
    }

    private mutating func note(_ effects: [SessionEffect]) {
        for effect in effects {
            if case .dial(_, let new) = effect { attempt = new }
            lines.append(Self.line(effect))
        }
    }

    private static func line(_ effect: SessionEffect) -> String {
        switch effect {
        case .dial(let address, _): "dial \(address.host)"
        case .send(let frame): "send \(describe(frame))"
        case .hangUp: "hang up"
        case .completed(let id, let reply): "complete \(id.rawValue) \(reply.error.text)"
        case .notified(let event, let watchers):
            "notify \(event.kind) \(event.path) \(watchers.map(\.rawValue))"
        case .changed(let state): "now \(state)"
        case .roundFailed: "round failed"
        }
    }

    /// The frame in words: a connect request is the one that begins with version 0.
    private static func describe(_ frame: [UInt8]) -> String {
        let body = Array(frame.dropFirst(4))
        let bytes = body.rawSpan
        var reader = JuteReader(bytes)
        guard let header = try? RequestHeader(from: &reader) else { return "nothing" }
        switch header.type {
        case .ping: return "ping"
        case .auth:
            let packet = try? AuthPacket(from: &reader)
            return "auth \(String(decoding: packet?.auth ?? [], as: UTF8.self))"
        case .setWatches:
            guard let watches = try? SetWatchesRequest(from: &reader) else { return "broken" }
            let lists = [watches.dataWatches, watches.existWatches, watches.childWatches]
            return "watches since \(watches.relativeZxid) "
                + lists.map { "\(($0 ?? []).map(\.description))" }.joined(separator: " ")
        default: break
        }
        if header.xid.rawValue == 0 {
            var whole = JuteReader(bytes)
            guard let request = try? ConnectRequest(from: &whole) else { return "broken" }
            return "connect \(request.session) zxid \(request.lastZxidSeen)"
        }
        return "\(header.xid.rawValue):\(header.type.rawValue)"
    }
}
