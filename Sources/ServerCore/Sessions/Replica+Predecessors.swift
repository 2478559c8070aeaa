import DequeModule
import Jute
import Quorum
import Records

// A learner finds the request of a result by session and xid. Who takes over a session counts its
// xids from the start again, while writes of the connection before may still be under way: their
// results must not answer those of the new one.
//
// What another server forwarded, the leader proposed before it let the session move. A follower has
// such proposals before the leader's consent, and they are older than whatever the new connection
// asks. An observer hears of nothing before it is committed: it asks the leader for a sync, whose
// answer follows all of them. What this server forwarded itself is remembered by its xid, as the
// leader need not have proposed it by then.

extension Replica {
    /// A connection is gone, and the results of its writes will come all the same.
    func leaveUnclaimed(_ connection: Connection) {
        guard !isPrimary, connection.session != .none else { return }
        var writes = connection.predecessorWrites
        for request in connection.outstanding {
            if case .write = request.kind { writes.append(request.xid) }
        }
        if !writes.isEmpty { unclaimed[connection.session, default: []] += writes }
    }

    /// A connection has the session from now on, and whatever was asked before is not its own.
    func notePredecessors(_ connection: Connection, _ session: SessionID) {
        guard !isPrimary else { return }
        connection.predecessorWrites = unclaimed.removeValue(forKey: session) ?? []
        connection.predecessorEnd = peer?.lastLogged ?? .none
    }

    /// The leader has let a session move to this connection.
    func awaitPredecessors(_ connection: Connection) {
        guard case .observing = role else { return }
        connection.predecessorEnd = .endless
        syncs.append((connection.id, isOurs: true))
        var path = JuteWriter(capacity: 8)
        path.writeString("/")
        forward(Xid(0), .sync, path.copyBytes(), connection)
    }

    /// All that was asked for a session before this connection had it has come.
    func predecessorsEnded(_ connection: Connection) {
        connection.predecessorEnd = peer?.lastLogged ?? .none
    }

    /// A result has come for a session that has no connection here.
    func passOver(_ header: TransactionHeader) {
        guard !unclaimed.isEmpty, header.type != .createSession,
            var writes = unclaimed[header.session]
        else { return }
        _ = writes.removeThrough(header.cxid)
        let isOver = writes.isEmpty || header.type == .closeSession
        unclaimed[header.session] = isOver ? nil : writes
    }

    /// Whether a result belongs to a connection that had the session before.
    func isOfPredecessor(_ header: TransactionHeader, _ connection: Connection) -> Bool {
        let isLeft = connection.predecessorWrites.removeThrough(header.cxid)
        return isLeft || header.zxid <= connection.predecessorEnd
    }
}

extension Deque<Xid> {
    /// Removes the first such xid and what stands before it, which has had no result; whether there
    /// is one.
    fileprivate mutating func removeThrough(_ xid: Xid) -> Bool {
        guard !isEmpty, let index = firstIndex(of: xid) else { return false }
        removeFirst(index + 1)
        return true
    }
}
