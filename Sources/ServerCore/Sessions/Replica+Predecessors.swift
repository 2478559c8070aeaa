import DequeModule
import Quorum
import Records

// A learner finds the request of a result by session and xid. Who takes over a session counts its
// xids from the start again, while writes of the connection before may still be under way: their
// results must not answer those of the new one. What the leader proposed before it let the session
// move is older than whatever the new connection asks; and what this server forwarded for the old
// one is counted, as the leader need not have proposed it by then.

extension Replica {
    /// A connection is gone, and the results of its writes will come all the same.
    func leaveUnclaimed(_ connection: Connection) {
        guard !isPrimary, connection.session != .none else { return }
        var count = connection.predecessorResults
        for request in connection.outstanding {
            if case .write = request.kind { count += 1 }
        }
        if count > 0 { unclaimed[connection.session, default: 0] += count }
    }

    /// A connection has the session from now on, and whatever was asked before is not its own.
    func notePredecessors(_ connection: Connection, _ session: SessionID) {
        guard !isPrimary else { return }
        connection.predecessorEnd = peer?.lastLogged ?? .none
        connection.predecessorResults = unclaimed.removeValue(forKey: session) ?? 0
    }

    /// A result has come for a session that has no connection here.
    func passOver(_ header: TransactionHeader) {
        guard !unclaimed.isEmpty, header.type != .createSession,
            let count = unclaimed[header.session]
        else { return }
        unclaimed[header.session] =
            count > 1 && header.type != .closeSession ? count - 1 : nil
    }

    /// Whether a result belongs to a connection that had the session before.
    func isOfPredecessor(_ header: TransactionHeader, _ connection: Connection) -> Bool {
        let isLeft = connection.predecessorResults > 0
        if isLeft { connection.predecessorResults -= 1 }
        return isLeft || header.zxid <= connection.predecessorEnd
    }
}
