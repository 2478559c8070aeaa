import DequeModule
import Jute
import Mutants
import Quorum
import Records

// Requests of an established session: which are answered here and now, which wait, and which
// become transactions.

extension Replica {
    func receivedRequest(
        _ xid: Xid, _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection
    ) {
        guard isServing else { return close(connection) }
        // What a client library asks for by itself has a number below 0, and is none to remember.
        if xid.rawValue >= 0 { connection.statistics.lastXid = xid }
        if type != .auth, type != .sasl {
            guard isAdmitted(xid, connection), touch(connection) else { return }
            if isReadOnly, refuseInReadOnlyMode(xid, type, connection) { return }
            if hasWaitedTooLong(type, connection) {
                metrics.add(.throttledOps)
                enqueue(connection, xid: xid, type, .failed(.throttledOp, zxid: nil))
                return answerReady(connection)
            }
        }
        switch type {
        case .ping, .exists, .getData, .getACL, .getChildren, .getChildren2:
            read(xid, type, &reader, connection)
        case .auth: receivedAuthentication(xid, &reader, connection)
        case .sasl: receivedLoginToken(xid, &reader, connection)
        case .sync: receivedSync(xid, &reader, connection)
        case .setWatches, .setWatches2, .addWatch, .checkWatches, .removeWatches, .multiRead,
            .getEphemerals, .getAllChildrenNumber, .whoAmI:
            read(xid, type, &reader, connection)
        case .notification: refuse(xid, type, connection)
        default:
            guard WriteRequest.isWrite(type) else { return refuse(xid, type, connection) }
            receivedWrite(xid, type, &reader, connection)
        }
    }

    /// Tells whoever expires the session that it lives; false if it does no more: such a request
    /// is dropped, for its connection is about to be closed.
    private func touch(_ connection: Connection) -> Bool {
        if connection.isLocal {
            guard let tracked = connection.tracked, !tracked.isClosing else { return false }
            localSessions.touch(tracked, now: now.monotonicMilliseconds)
            return true
        }
        if isPrimary {
            guard let tracked = connection.tracked, !tracked.isClosing else { return false }
            tracker.touch(tracked, now: now.monotonicMilliseconds)
            guard tracked.owner == .local else {
                close(connection)
                return false
            }
            return true
        }
        // Often enough that no timeout notices, seldom enough that reads stay cheap.
        let elapsed = connection.touchedAt.map { now.monotonicMilliseconds - $0 }
        if elapsed ?? 20 >= 20 {
            connection.touchedAt = now.monotonicMilliseconds
            peer?.touch(connection.session, timeout: connection.timeout)
        }
        return true
    }

    private func read(
        _ xid: Xid, _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection
    ) {
        if connection.outstanding.isEmpty || Mutant.readsOvertakeWrites.isOn {
            answerRead(
                type == .ping ? .ping : xid, type, &reader, connection,
                since: now.monotonicMilliseconds)
        } else {
            let body = (try? reader.readBytes(count: reader.remaining)) ?? []
            enqueue(connection, xid: type == .ping ? .ping : xid, type, .read(body: body))
        }
    }

    /// An opcode that this server does not have: it says so, and closes.
    private func refuse(_ xid: Xid, _ type: OpCode, _ connection: Connection) {
        enqueue(connection, xid: xid, type, .failed(.unimplemented, zxid: Zxid.none))
        answerReady(connection)
    }

    func enqueue(
        _ connection: Connection, xid: Xid, _ type: OpCode, _ kind: Connection.Outstanding.Kind
    ) {
        let largeSize = largeSize(frameSize)
        connection.outstanding.append(
            Connection.Outstanding(
                xid: xid, type: type, kind: kind, since: now.monotonicMilliseconds,
                largeSize: largeSize))
        largeRequestBytes += largeSize
        outstandingCount += 1
        if outstandingCount > outstandingMax { pause(connection) }
    }

    private func receivedSync(
        _ xid: Xid, _ reader: inout JuteReader, _ connection: Connection
    ) {
        let body = (try? reader.readBytes(count: reader.remaining)) ?? []
        var path: ByteString?
        do throws(JuteError) {
            var inner = JuteReader(body.rawSpan)
            path = try inner.readString()
        } catch {
            enqueue(connection, xid: xid, .sync, .failed(.marshallingError, zxid: nil))
            return answerReady(connection)
        }
        enqueue(connection, xid: xid, .sync, .sync(path: path, isDone: isPrimary))
        if !isPrimary {
            syncs.append((connection.id, isOurs: false))
            forward(xid, .sync, body, connection)
        }
        answerReady(connection)
    }

    private func receivedWrite(
        _ xid: Xid, _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection
    ) {
        var whole = reader
        let request: WriteRequest
        do throws(JuteError) {
            request = try WriteRequest(type: type, from: &reader)
        } catch {
            // No transaction: an undecodable write must not touch the order of zxids.
            enqueue(connection, xid: xid, type, .failed(.marshallingError, zxid: nil))
            return answerReady(connection)
        }
        var refusal: ErrorCode?
        if connection.isLocal {
            if type == .closeSession { return closeLocalSession(xid, connection) }
            if request.createsEphemeral {
                if settings.localSessionsUpgradingEnabled {
                    upgradeSession(of: connection)
                } else {
                    refusal = .ephemeralOnLocalSession
                }
            }
        }
        enqueue(connection, xid: xid, type, .write)
        if settings.isAudited {
            connection.outstanding[connection.outstanding.count - 1].audited =
                AuditEntry.list(of: request)
        }
        if let refusal {
            connection.outstanding[connection.outstanding.count - 1].refusal = refusal
        }
        if isPrimary {
            let zxid = propose(
                request, type: type, session: connection.session, xid: xid,
                credentials: connection.credentials, owner: .local)
            connection.outstanding[connection.outstanding.count - 1].zxid = zxid
        } else {
            let body = (try? whole.readBytes(count: whole.remaining)) ?? []
            forward(xid, type, body, connection)
        }
        // Whatever is pipelined behind a close is not answered.
        if type == .closeSession { pause(connection) }
    }

    func forward(_ xid: Xid, _ type: OpCode, _ body: [UInt8], _ connection: Connection) {
        peer?.forward(
            ForwardedRequest(
                session: connection.session, cxid: xid, type: type, body: body,
                identities: connection.credentials))
    }
}
