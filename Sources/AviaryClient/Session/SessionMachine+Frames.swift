import DequeModule
import Jute
import Records

// Frames out and frames in: what they hold, and what a reply belongs to.

extension SessionMachine {
    func connectFrame() -> [UInt8] {
        let request = ConnectRequest(
            lastZxidSeen: lastZxid, timeout: settings.timeout, session: session,
            password: password, readOnly: settings.isReadOnlyAllowed)
        var writer = JuteWriter()
        let start = writer.beginFrame()
        request.write(to: &writer)
        writer.endFrame(start)
        return writer.copyBytes()
    }

    static func frame(_ xid: Xid, _ type: OpCode, _ body: [UInt8]) -> [UInt8] {
        var writer = JuteWriter(capacity: body.count + 16)
        let start = writer.beginFrame()
        RequestHeader(xid: xid, type: type).write(to: &writer)
        writer.writeBytes(body)
        writer.endFrame(start)
        return writer.copyBytes()
    }

    mutating func send(
        _ request: SessionRequest, now: Int64, _ effects: inout [SessionEffect]
    ) {
        // Never 0, never negative: those have meanings of their own.
        lastXid = lastXid == .max ? 1 : lastXid + 1
        let xid = Xid(lastXid)
        inFlight.append(
            InFlight(xid: xid, id: request.id, type: request.type, watch: request.watch))
        effects.append(.send(Self.frame(xid, request.type, request.body)))
        lastSent = now
    }

    mutating func sendPing(now: Int64, _ effects: inout [SessionEffect]) {
        effects.append(.send(Self.frame(.ping, .ping, [])))
        lastSent = now
        isPingOutstanding = true
    }

    mutating func sendCredential(
        at place: Int, now: Int64, _ effects: inout [SessionEffect]
    ) {
        var writer = JuteWriter()
        credentials[place].packet.write(to: &writer)
        authInFlight.append(place)
        effects.append(.send(Self.frame(.auth, .auth, writer.copyBytes())))
        lastSent = now
    }

    /// A whole frame has come, without its length.
    ///
    /// Whatever it holds, it cannot end us: a server that speaks nonsense is left for another.
    public mutating func receivedFrame(
        _ frame: [UInt8], _ attempt: AttemptID, now: Int64
    ) -> [SessionEffect] {
        guard attempt == self.attempt else { return [] }
        var effects: [SessionEffect] = []
        lastReceived = now
        do throws(JuteError) {
            switch phase {
            case .handshaking: try receivedConnectResponse(frame, now: now, &effects)
            case .serving: try receivedReply(frame, now: now, &effects)
            case .idle, .resting, .dialing, .ended: break
            }
        } catch {
            effects.append(.hangUp)
            leaveServer(now: now, &effects)
        }
        return effects
    }

    private mutating func receivedConnectResponse(
        _ frame: [UInt8], now: Int64, _ effects: inout [SessionEffect]
    ) throws(JuteError) {
        let bytes = frame.rawSpan
        var reader = JuteReader(bytes)
        let response = try ConnectResponse(from: &reader)
        guard response.timeout > 0 else { return end(.expired, &effects) }
        isReadOnly = response.readOnly ?? false
        // A session of a server without a quorum is known to it alone: nothing to come back with.
        if !isReadOnly {
            session = response.session
            password = response.password ?? []
        }
        timeout = Int64(response.timeout)
        phase = .serving(since: now)
        attemptsLeft = order.count
        lastSent = now
        effects.append(.changed(state))
        for place in credentials.indices { sendCredential(at: place, now: now, &effects) }
        for request in watches.requests(since: lastZxid) {
            var writer = JuteWriter()
            request.write(to: &writer)
            effects.append(.send(Self.frame(.setWatches, .setWatches, writer.copyBytes())))
        }
        while let request = waiting.popFirst() { send(request, now: now, &effects) }
    }

    private mutating func receivedReply(
        _ frame: [UInt8], now: Int64, _ effects: inout [SessionEffect]
    ) throws(JuteError) {
        let bytes = frame.rawSpan
        var reader = JuteReader(bytes)
        let header = try ReplyHeader(from: &reader)
        switch header.xid {
        case .notification:
            let event = try WatcherEvent(from: &reader)
            receivedEvent(event, zxid: header.zxid, &effects)
        case .ping:
            isPingOutstanding = false
        case .auth:
            receivedAuthReply(header.error, &effects)
        case .setWatches:
            break
        default:
            guard let request = inFlight.first, request.xid == header.xid else {
                // Out of order: nothing on this connection can be believed any more.
                throw .invalidValue
            }
            let body = try reader.readBytes(count: reader.remaining)
            inFlight.removeFirst()
            complete(request, header, body, &effects)
        }
    }

    private mutating func complete(
        _ request: InFlight, _ header: ReplyHeader, _ body: [UInt8],
        _ effects: inout [SessionEffect]
    ) {
        if header.zxid > lastZxid { lastZxid = header.zxid }
        if let watch = request.watch { watches.left(watch, error: header.error) }
        let reply = SessionReply(error: header.error, zxid: header.zxid, body: body)
        if request.type == .closeSession { end(.closed, &effects) }
        effects.append(.completed(request.id, reply))
    }

    private mutating func receivedEvent(
        _ event: WatcherEvent, zxid: Zxid, _ effects: inout [SessionEffect]
    ) {
        let kind: WatchEvent.Kind =
            switch event.type {
            case 1: .created
            case 2: .deleted
            case 3: .dataChanged
            case 4: .childrenChanged
            default: .other(event.type)
            }
        let watchers = watches.fire(kind, at: event.path)
        guard !watchers.isEmpty else { return }
        effects.append(
            .notified(WatchEvent(kind: kind, path: event.path, zxid: zxid), watchers))
    }

    private mutating func receivedAuthReply(
        _ error: ErrorCode, _ effects: inout [SessionEffect]
    ) {
        // The answers to auth packets come in their order, though they overtake others.
        guard let place = authInFlight.popFirst() else { return }
        guard error == .ok else { return end(.authFailed, &effects) }
        if let waiter = credentials[place].waiter {
            credentials[place].waiter = nil
            effects.append(.completed(waiter, SessionReply(error: .ok)))
        }
    }
}
