import Configuration
import Jute
import Records

// How a connection proves who it is. Both requests are answered at once: the reply may overtake
// those of earlier requests, and its zxid is 0.

extension Replica {
    func receivedAuthentication(
        _ xid: Xid, _ reader: inout JuteReader, _ connection: Connection
    ) {
        var added: [Identity]?
        if let packet = try? AuthPacket(from: &reader) {
            if packet.scheme == "ensemble", settings.access.providers.contains(.ensemble) {
                guard isNameOfEnsemble(packet.auth) else { return close(connection) }
                added = []
            } else {
                added = access.authenticate(
                    scheme: packet.scheme ?? "", authentication: packet.auth,
                    address: connection.address)
            }
        }
        guard let added else {
            statistics.authenticationFailures += 1
            return refuse(xid, .authFailed, connection)
        }
        guard adopt(added, connection) else {
            statistics.authenticationFailures += 1
            return refuse(xid, .authFailed, connection)
        }
        connection.output.writeReply(xid, zxid: .zero, .ok)
        markDirty(connection)
    }

    /// Whether a client looks for this ensemble, if it says which one it looks for; if not, it is
    /// disconnected without an answer, so that it tries another server.
    private func isNameOfEnsemble(_ name: [UInt8]?) -> Bool {
        let known = settings.access.ensembleNames
        guard let name, !name.isEmpty, !known.isEmpty else { return true }
        return known.contains { Array($0.utf8) == name }
    }

    /// The most identities of a connection, and the most bytes that they take.
    ///
    /// Every request that goes to the leader carries them, and every permission is checked against
    /// each; a client has one or two.
    static var identityCountMax: Int { 100 }
    static var identitiesSizeMax: Int { 64 << 10 }

    /// False if that would be too many for one client.
    private func adopt(_ identities: [Identity], _ connection: Connection) -> Bool {
        let new = identities.filter { !connection.credentials.contains($0) }
        let all = connection.credentials + new
        let size = all.reduce(0) { $0 + $1.scheme.count + $1.id.count }
        guard all.count <= Replica.identityCountMax, size <= Replica.identitiesSizeMax else {
            return false
        }
        connection.credentials = all
        return true
    }

    /// One step of a login by SASL.
    ///
    /// Where nobody can log in a client is told so by a null token, and goes on without.
    func receivedLoginToken(
        _ xid: Xid, _ reader: inout JuteReader, _ connection: Connection
    ) {
        var exchange = connection.login ?? DigestMD5Exchange()
        defer { connection.login = exchange }
        do {
            guard let token = try? reader.readBuffer() else { throw DigestMD5Exchange.Failure() }
            guard let logins = settings.access.logins else {
                return answerLogin(xid, .ok, nil, connection)
            }
            let success = try exchange.received(token, logins: logins) { nonces.next() }
            if let user = success.user {
                var added = [Identity(scheme: "sasl", id: user)]
                if settings.access.superUsers.contains(where: { ByteString($0) == user }) {
                    added.append(Identity(scheme: "super", id: ""))
                }
                guard adopt(added, connection) else { throw DigestMD5Exchange.Failure() }
            }
            answerLogin(xid, .ok, success.token, connection)
        } catch {
            statistics.authenticationFailures += 1
            if settings.access.allowsFailedLogins, !access.requiresLogin {
                return answerLogin(xid, .ok, nil, connection)
            }
            answerLogin(
                xid, access.requiresLogin ? .sessionClosedRequireAuth : .authFailed, nil,
                connection)
            close(connection)
        }
    }

    private func answerLogin(
        _ xid: Xid, _ code: ErrorCode, _ token: [UInt8]?, _ connection: Connection
    ) {
        let start = connection.output.beginReply(xid, zxid: .zero, code)
        connection.output.writeBuffer(token)
        connection.output.endFrame(start)
        markDirty(connection)
    }

    /// Whether the client has proved what it must have before it is served; if not it is told, and
    /// disconnected.
    func isAdmitted(_ xid: Xid, _ connection: Connection) -> Bool {
        if access.admits(connection.credentials) { return true }
        refuse(xid, .sessionClosedRequireAuth, connection)
        return false
    }

    private func refuse(_ xid: Xid, _ code: ErrorCode, _ connection: Connection) {
        connection.output.writeReply(xid, zxid: .zero, code)
        markDirty(connection)
        close(connection)
    }
}
