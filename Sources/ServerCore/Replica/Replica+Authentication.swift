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
            added = access.authenticate(
                scheme: packet.scheme ?? "", authentication: packet.auth,
                address: connection.address)
        }
        markDirty(connection)
        guard let added else {
            statistics.authenticationFailures += 1
            connection.output.writeReply(xid, zxid: .zero, .authFailed)
            return close(connection)
        }
        for identity in added where !connection.credentials.contains(identity) {
            connection.credentials.append(identity)
        }
        connection.output.writeReply(xid, zxid: .zero, .ok)
    }

    /// Nobody can log in by SASL here: the client is told so by a null token, and goes on without.
    func receivedSASL(_ xid: Xid, _ connection: Connection) {
        markDirty(connection)
        let start = connection.output.beginReply(xid, zxid: .zero, .ok)
        connection.output.writeBuffer(nil as [UInt8]?)
        connection.output.endFrame(start)
    }
}
