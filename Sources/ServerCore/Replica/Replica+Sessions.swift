import Jute
import Mutants
import Quorum
import Records

// Sessions: how a client gets one, brings one along from another server, and loses it.

extension Replica {
    func receivedConnectRequest(_ reader: inout JuteReader, _ connection: Connection) {
        guard isServing, let request = try? ConnectRequest(from: &reader) else {
            return close(connection)
        }
        guard admitsHandshake(request) else {
            metrics.add(.connectionRejected)
            return close(connection)
        }
        // Who has not said that old answers will do is to find another server.
        guard !isReadOnly || request.readOnly == true else { return close(connection) }
        // A client that has seen more than we have must not see time go back: it tries another.
        guard request.lastZxidSeen <= lastZxid || Mutant.lastSeenIgnored.isOn else {
            log(
                .info,
                "Refusing a client that has seen zxid \(request.lastZxidSeen); ours is \(lastZxid)")
            return close(connection)
        }
        metrics.add(.connectionRequestCount)
        connection.wantsReadOnlyByte = request.readOnly != nil
        connection.timeout = min(max(request.timeout, settings.timeoutMin), settings.timeoutMax)
        connection.state = .establishing
        pause(connection)
        if request.session == .none {
            createSession(connection)
        } else {
            takeOver(request.session, password: request.password, connection)
        }
    }

    private func createSession(_ connection: Connection) {
        if makesLocalSessions { return createLocalSession(connection) }
        let session = newSessionID()
        connection.session = session
        connectionBySession[session] = connection
        proposeSession(session, timeout: connection.timeout)
    }

    /// An id for a client that has none.
    ///
    /// Where the wall clock was set back between two lives of this server, an id of the former one
    /// can come again: of a session that goes on elsewhere, which two clients would share then.
    func newSessionID() -> SessionID {
        var session = sessionIDs.make()
        while sessionTimeouts[session] != nil { session = sessionIDs.make() }
        return session
    }

    private func admitsHandshake(_ request: ConnectRequest) -> Bool {
        let isNew = request.session == .none
        return handshakes.admits(
            isNew ? makesLocalSessions ? .localSession : .globalSession : .renewal,
            now: now.monotonicMilliseconds)
    }

    /// Tells the whole ensemble of a session of a client here.
    func proposeSession(_ session: SessionID, timeout: Int32) {
        if isPrimary {
            propose(
                .createSession(timeout: timeout), type: .createSession,
                session: session, xid: Xid(0), credentials: [], owner: .local)
        } else {
            var body = JuteWriter(capacity: 4)
            body.writeInt32(timeout)
            peer?.forward(
                ForwardedRequest(
                    session: session, cxid: Xid(0), type: .createSession, body: body.copyBytes(),
                    identities: []))
        }
    }

    /// The password is looked at before anything else: who only knows the id must not be able to
    /// cut the owner's connection.
    private func takeOver(
        _ session: SessionID, password: [UInt8]?, _ connection: Connection
    ) {
        // Another server may have news of it; this one cannot.
        if isReadOnly, sessionTimeouts[session] != nil { return close(connection) }
        guard SessionPassword.matches(password, session: session) else {
            return refuseSession(connection)
        }
        // What the former connection still sends would be carried out behind what its leader has
        // refused, as of a session that had moved, once it has moved back.
        if let other = connectionBySession[session] { close(other) }
        connection.session = session
        if takeOverLocally(session, connection) { return }
        if isReadOnly { return refuseSession(connection) }
        if isPrimary {
            if isEnding(session) { return awaitEnd(of: session, connection) }
            guard
                tracker.touch(
                    session, timeout: connection.timeout, now: now.monotonicMilliseconds)
            else { return refuseSession(connection) }
            established(connection, session)
        } else {
            metrics.add(.connectionRevalidateCount)
            revalidating[session] = connection.id
            peer?.revalidate(session, timeout: connection.timeout)
        }
    }

    func refuseSession(_ connection: Connection) {
        connection.output.writeConnectResponse(
            timeout: 0, session: .none,
            password: Array(repeating: 0, count: SessionPassword.size),
            isReadOnly: connection.wantsReadOnlyByte ? isReadOnly : nil)
        markDirty(connection)
        close(connection)
    }

    /// The leader has said whether a session may go on here.
    func revalidated(_ session: SessionID, isValid: Bool) {
        guard let id = revalidating.removeValue(forKey: session),
            let connection = connections[id], connection.state == .establishing
        else { return }
        guard isValid else { return refuseSession(connection) }
        established(connection, session)
        awaitPredecessors(connection)
    }

    /// A session goes on behind an observer that we stand in for the leader with.
    func left(_ session: SessionID) {
        if let id = revalidating.removeValue(forKey: session), let next = connections[id] {
            close(next)
        }
        if let former = connectionBySession[session] { close(former) }
    }

    /// The session exists and belongs to this connection: the client is told.
    func established(_ connection: Connection, _ session: SessionID) {
        guard connection.state == .establishing else { return }
        if let other = connectionBySession[session], other !== connection { close(other) }
        connectionBySession[session] = connection
        notePredecessors(connection, session)
        connection.state = .established
        if connection.isLocal {
            connection.tracked = localSessions[session]
        } else if isPrimary {
            connection.tracked = tracker[session]
            connection.tracked?.owner = .local
        }
        connection.output.writeConnectResponse(
            timeout: connection.timeout, session: session,
            password: SessionPassword.make(for: session),
            isReadOnly: connection.wantsReadOnlyByte ? isReadOnly : nil)
        connection.statistics.lastOperation = .createSession
        connection.statistics.sent += 1
        statistics.packetsSent += 1
        markDirty(connection)
        resume(connection)
    }

    /// The sessions that nobody has heard of for their timeout are closed.
    func expireSessions() {
        guard isPrimary else { return }
        for session in tracker.expire(now: now.monotonicMilliseconds) {
            let timeout = sessionTimeouts[session] ?? 0
            metrics.add(.staleSessionsExpired)
            log(.info, "Expiring session \(session), timeout of \(timeout)ms exceeded")
            propose(
                .closeSession, type: .closeSession, session: session, xid: Xid(0),
                credentials: [], owner: nil)
        }
    }

    /// A new leader, or a standalone server at its start, gives every session its full timeout.
    func trackAllSessions() {
        tracker = SessionTracker(tickMilliseconds: Int64(settings.tickTimeMilliseconds))
        for (session, timeout) in sessionTimeouts.sorted(by: { $0.key < $1.key }) {
            tracker.track(session, timeout: timeout, now: now.monotonicMilliseconds)
        }
    }

    /// Every client is disconnected: they look for a server that serves.
    func closeAllClients() { closeClients { _ in true } }

    /// Everybody who has a session here, or was about to get one, is disconnected.
    func closeAllSessions() { closeClients { $0.state != .fresh } }

    private func closeClients(_ isMeant: (Connection) -> Bool) {
        for connection in connections.values.sorted(by: { $0.id < $1.id })
        where isMeant(connection) {
            close(connection)
        }
        syncs.removeAll()
        throttled.removeAll()
        revalidating.removeAll()
        endWaiters.removeAll()
    }
}
