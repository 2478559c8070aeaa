import Jute
import Records

// Clients: what they do, and what they find out about the promises made to them.

extension EnsembleSimulation {
    static let registers = (0..<3).map { Path("/r\($0)") }

    /// A client does the next thing, and again a little later.
    func act(_ number: Int) {
        guard clients[number].state != .vanished, !clients[number].isDone else { return }
        queue.schedule(.client(number), at: now + random.number(2000...40_000))
        guard quietUntil <= now else { return }
        switch clients[number].state {
        case .disconnected: dial(number)
        case .dialing, .connecting:
            if now - clients[number].lastHeard > 1_000_000 { hangUp(number) }
        case .connected:
            if now - clients[number].lastHeard > 1_000_000 {
                hangUp(number)
            } else if clients[number].home != nil {
                inspect(number)
            } else if clients[number].isOperator {
                operate(number)
            } else if admin != nil, isCalm, random.chance(3, in: 4) {
                // Who reads a log from a slow disk is to catch up with what is written meanwhile.
                break
            } else {
                request(number)
            }
        case .vanished: break
        }
    }

    private func dial(_ number: Int) {
        let target = clients[number].home ?? random.below(servers.count)
        clients[number].target = target
        clients[number].state = .dialing
        clients[number].dialCount += 1
        clients[number].lastHeard = now
        clients[number].end = network.dial(
            from: clients[number].host, to: target, port: EnsembleSimulation.clientPort,
            now: now)
    }

    private func hangUp(_ number: Int) {
        if let end = clients[number].end { network.close(end, now: now) }
        clients[number].disconnect()
    }

    /// Whether clients want anything at this time of the run.
    var mayAsk: Bool { quietUntil <= now && operationTotal < limits.operationCountMax ?? .max }

    private func request(_ number: Int) {
        guard clients[number].pending.count < 8, mayAsk else { return }
        if isReconfiguring, admin == nil, number == 0, random.chance(1, in: 12) {
            return changeMembers(number)
        }
        for _ in 0..<random.number(1...3) {
            let register = EnsembleSimulation.registers[random.below(3)]
            switch random.below(12) {
            case 0...3:
                clients[number].operationCount += 1
                let path = Path("/c\(number)-\(clients[number].operationCount)")
                send(number, .create(path))
            case 4...5: send(number, random.chance(1, in: 8) ? .create(register) : .set(register))
            case 6...8: send(number, .get(register))
            case 9: send(number, .sync)
            case 10:
                if let ephemeral = clients[number].ephemeral {
                    send(number, .exists(ephemeral))
                } else {
                    let count = clients[number].sessionCount
                    send(number, .createEphemeral(Path("/e\(number)-\(count)")))
                }
            default:
                if random.chance(restlessness, in: 20) {
                    hangUp(number)
                    return
                }
                random.chance(1, in: 2) ? send(number, .ping) : demand(number, register)
            }
        }
    }

    func send(_ number: Int, _ operation: SimulatedClient.Operation) {
        guard let end = clients[number].end else { return }
        trace {
            "client \(number) wants \(operation) as \(clients[number].lastXid + 1) of server"
                + " \(clients[number].target + 1)"
        }
        operationTotal += 1
        if case .create(let path) = operation, !EnsembleSimulation.registers.contains(path) {
            promises.sent(
                path, over: clients[number].dialCount, in: clients[number].sessionCount,
                of: number)
        }
        let frame = clients[number].frame(
            operation, now: now, lastWrite: promises.lastWrite,
            padding: random.number(0...paddingMax))
        network.send(end, frame, now: now)
    }

    // MARK: What comes back

    func deliverToClient(
        _ event: SimulatedNetwork.Event, at end: SimulatedNetwork.End, _ number: Int
    ) {
        guard clients[number].end == end else { return }
        switch event {
        case .accepted: break
        case .dialed:
            clients[number].state = .connecting
            clients[number].lastHeard = now
            network.send(end, clients[number].connectFrame(), now: now)
        case .dialFailed, .closed: clients[number].disconnect()
        case .received(let bytes):
            clients[number].unread += bytes
            clients[number].lastHeard = now
            readFrames(number)
        }
    }

    private func readFrames(_ number: Int) {
        // Cut off once in the end: there may be hundreds.
        let bytes = clients[number].unread
        let end = clients[number].end
        var offset = 0
        while failure == nil {
            var reader = JuteReader(bytes.rawSpan.extracting(offset...))
            guard let length = try? reader.readInt32(), length >= 0,
                let payload = try? reader.readBytes(count: Int(length))
            else { break }
            offset += 4 + Int(length)
            if clients[number].state == .connecting {
                receivedSession(number, payload)
            } else {
                receivedReply(number, payload)
            }
            // It may have hung up because of that.
            guard clients[number].end == end else { return }
        }
        clients[number].unread = Array(bytes[offset...])
    }

    private func receivedSession(_ number: Int, _ payload: [UInt8]) {
        var reader = JuteReader(payload.rawSpan)
        guard let response = try? ConnectResponse(from: &reader) else {
            return fail("client \(number) gets no connect response")
        }
        guard response.timeout > 0 else {
            count("session expired")
            clients[number].forgetSession()
            hangUp(number)
            return
        }
        if clients[number].session == .none {
            clients[number].sessionCount += 1
        } else if response.session != clients[number].session {
            fail("client \(number) gets another session")
        } else {
            count("session moved")
        }
        clients[number].session = response.session
        clients[number].password = response.password
        clients[number].state = .connected
        moveWatches(number)
        for path in clients[number].formerEphemerals { send(number, .existsNoMore(path)) }
        let unanswered = clients[number].takeUnanswered()
        if clientsRepeat, !isCalm {
            for operation in unanswered {
                count("repeated")
                send(number, operation)
            }
        }
    }

    private func receivedReply(_ number: Int, _ payload: [UInt8]) {
        var reader = JuteReader(payload.rawSpan)
        guard let header = try? ReplyHeader(from: &reader) else {
            return fail("client \(number) gets a reply without a header")
        }
        if header.xid == .notification {
            return receivedNotification(number, Array(payload[reader.offset...]))
        }
        guard let first = clients[number].pending.first, first.xid == header.xid else {
            let expected = clients[number].pending.first.map { "\($0.xid.rawValue)" } ?? "nothing"
            return fail(
                "client \(number) gets a reply to \(header.xid.rawValue) and waits for"
                    + " \(expected)")
        }
        clients[number].pending.removeFirst()
        if header.zxid > .zero {
            if header.zxid < clients[number].lastZxid {
                fail(
                    "client \(number) sees \(header.zxid) after"
                        + " \(clients[number].lastZxid)")
            }
            clients[number].lastZxid = header.zxid
        }
        let body = Array(payload[reader.offset...])
        trace { "client \(number) hears of \(header.xid.rawValue): \(header.error.rawValue)" }
        check(number, first, header, body)
        checkOrder(number, first, header)
        checkWatches(number, first, header.error, body)
    }

    private func check(
        _ number: Int, _ request: SimulatedClient.Pending, _ header: ReplyHeader, _ body: [UInt8]
    ) {
        var reader = JuteReader(body.rawSpan)
        let operation = request.operation
        switch operation {
        case .create(let path):
            // Every path but a register's is asked for once.
            if header.error == .nodeExists, !EnsembleSimulation.registers.contains(path) {
                fail("client \(number) creates \(path), which is carried out twice")
            }
            guard header.error == .ok || header.error == .nodeExists else {
                promises.refused(path)
                return
            }
            acknowledged.insert(path)
            if clients[number].isOperator { admin?.acknowledged() }
            count("acknowledged")
        case .createEphemeral(let path):
            if header.error == .ok { clients[number].ephemeral = path }
        case .set(let path):
            guard header.error == .ok, let stat = try? Stat(from: &reader) else { return }
            saw(number, path, stat, request.data)
            count("set")
        case .get(let path), .watch(let path):
            if header.error == .ok, let response = try? GetDataResponse(from: &reader) {
                saw(number, path, response.stat, response.data)
                if operation == .watch(path) {
                    clients[number].watches.changes[path] = response.stat.mzxid
                }
                if clients[number].isOperator { consult(number, response.data) }
                if clients[number].home != nil {
                    clients[number].found[path] = response.stat.mzxid
                }
                count("read")
            } else if clients[number].home != nil {
                // An ephemeral that has gone since it was listed.
                clients[number].wantsList = true
            } else if clients[number].seen[path] != nil, header.error == .noNode {
                fail("client \(number) does not find \(path), which it saw")
            }
        case .exists(let path):
            if header.error == .noNode, clients[number].ephemeral == path {
                fail("client \(number) has lost \(path) while its session lives")
            }
        case .list: receivedList(number, body)
        case .reconfigure: count("reconfig \(header.error.rawValue)")
        case .handOver: count("hand-over \(header.error.rawValue)")
        case .createNumbered, .createTwo, .createNever, .existsNoMore, .close, .replace,
            .createForNow, .delete:
            checkDemand(number, request, header, &reader)
        case .sync, .ping, .await, .watchChildren, .setWatches: break
        }
    }

    /// A session never sees an older state after a newer one, on whatever server; and a change that
    /// is watched is told of before it is seen.
    func saw(_ number: Int, _ path: Path, _ stat: Stat, _ data: [UInt8]?) {
        let zxid = stat.mzxid
        // What the members are is shown as of when it was in force on that server.
        if path != "/zookeeper/config" {
            promises.saw(path, version: stat.version, of: zxid, with: data ?? [], number, fail)
        }
        if let watched = clients[number].watches.changes[path], zxid > watched {
            fail("client \(number) sees \(path) of \(zxid) and heard nothing of its watch")
        }
        if let before = clients[number].seen[path], zxid < before {
            fail("client \(number) sees \(path) of \(zxid) after \(before)")
        }
        clients[number].seen[path] = zxid
        clients[number].versions[path] = stat.version
    }
}
