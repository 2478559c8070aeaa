import Quorum
import Records

// Whoever wants to go on with a session whose end is proposed is told that it has expired once that
// is committed, and not before: a leader that has lost its quorum and does not know it yet would
// say so of a session that lives on for all others. The wait is bounded: the end is committed, or
// the reign ends and every connection with it.

/// Who is to hear of the end of a session.
struct EndWaiters {
    /// Connections of the server's own, in their order.
    var connections: [ConnectionID] = []
    /// Learners, and how often they have asked: each question has its answer.
    var learners: [LinkID: Int] = [:]
}

extension Replica {
    /// Whether the end of a session is proposed and not committed.
    func isEnding(_ session: SessionID) -> Bool { tracker[session]?.isClosing ?? false }

    /// Keeps a client waiting for the end of the session that it wants.
    func awaitEnd(of session: SessionID, _ connection: Connection) {
        endWaiters[session, default: EndWaiters()].connections.append(connection.id)
    }

    /// Keeps a learner waiting that asks for a client of its own.
    func awaitEnd(of session: SessionID, for link: LinkID) {
        endWaiters[session, default: EndWaiters()].learners[link, default: 0] += 1
    }

    /// The end of a session is committed.
    func sessionEnded(_ session: SessionID) {
        guard let waiters = endWaiters.removeValue(forKey: session) else { return }
        for id in waiters.connections {
            if let connection = connections[id] { refuseSession(connection) }
        }
        for (link, count) in waiters.learners.sorted(by: { $0.key < $1.key }) {
            for _ in 0..<count { peer?.answerRevalidate(link, session, isValid: false) }
        }
    }

    /// A connection is gone before the session was that it waited for.
    func stopAwaitingEnd(_ connection: Connection) {
        guard connection.session != .none, !endWaiters.isEmpty else { return }
        endWaiters[connection.session]?.connections.removeAll { $0 == connection.id }
    }
}
