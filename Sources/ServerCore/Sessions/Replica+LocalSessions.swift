import Quorum
import Records

// Sessions that only this server knows: they cost the ensemble nothing, and end with the
// connection to this server. The first ephemeral znode makes one global, where that is allowed.

extension Replica {
    /// Whether sessions that come now are local: where that is wanted, and in read-only mode,
    /// where nobody else could be told.
    var makesLocalSessions: Bool {
        isReadOnly || settings.localSessionsEnabled && settings.quorum != nil
    }

    func createLocalSession(_ connection: Connection) {
        let session = newSessionID()
        localSessions.track(
            session, timeout: connection.timeout, now: now.monotonicMilliseconds)
        connection.session = session
        connection.isLocal = true
        established(connection, session)
    }

    /// Takes over a session that this server alone knows; false if there is none.
    func takeOverLocally(_ session: SessionID, _ connection: Connection) -> Bool {
        let isKnown = localSessions.touch(
            session, timeout: connection.timeout, now: now.monotonicMilliseconds)
        guard isKnown else { return false }
        connection.isLocal = true
        established(connection, session)
        return true
    }

    /// Makes the session global, ahead of the request that needs it to be.
    func upgradeSession(of connection: Connection) {
        let session = connection.session
        localSessions.remove(session)
        connection.isLocal = false
        proposeSession(session, timeout: connection.timeout)
        connection.tracked = isPrimary ? tracker[session] : nil
    }

    /// The close of a local session waits for the requests before it, and for nobody else.
    func closeLocalSession(_ xid: Xid, _ connection: Connection) {
        enqueue(connection, xid: xid, .closeSession, .read(body: []))
        answerReady(connection)
        pause(connection)
    }

    func localSessionClosed(_ connection: Connection) {
        localSessions.remove(connection.session)
        close(connection)
    }

    func expireLocalSessions() {
        for session in localSessions.expire(now: now.monotonicMilliseconds) {
            log(.info, "Expiring local session \(session)")
            localSessions.remove(session)
            if let connection = connectionBySession[session] { close(connection) }
        }
    }

    /// Why no znode may belong to a session, if that is so.
    func ephemeralRefusal(_ session: SessionID) -> ErrorCode? {
        if tracker[session] != nil { return nil }
        return localSessions[session] == nil ? .sessionExpired : .ephemeralOnLocalSession
    }

    /// Whether a write may come from a session that the leader does not know: it may be a local
    /// one of the server that gave it its number, unless that is this one.
    func isForeignLocal(_ session: SessionID) -> Bool {
        settings.localSessionsEnabled
            && session.server != ServerID(settings.server.rawValue & 0xff)
    }
}

extension SessionID {
    /// The server that gave the session its number, by the lowest 8 bits of its id.
    fileprivate var server: ServerID { ServerID((rawValue >> 56) & 0xff) }
}

extension WriteRequest {
    /// Whether it makes a znode that belongs to the session.
    var createsEphemeral: Bool {
        switch self {
        case .create(let create): create.flags == 1 || create.flags == 3
        case .multi(let operations): operations.contains { $0.createsEphemeral }
        default: false
        }
    }
}
