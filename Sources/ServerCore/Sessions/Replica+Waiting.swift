// Between two leaders: who has just come waits for a moment, rather than being turned away.
//
// A client whose server has lost its leader goes to the next server, which has lost it as well; turned
// away everywhere it would rest before it asks again, for longer than there is no leader. Nothing of
// such a connection has been read, so nothing is owed to it and nothing of it can come late.

extension Replica {
    /// How many milliseconds after the loss of a leader whoever comes is let wait for the next.
    ///
    /// A hand-over takes less, most elections too. Who comes later, or to a server without a quorum,
    /// is turned away at once.
    private static let leaderlessPatience: Int64 = 1000

    /// Whether a client that wants a session is to wait, which begins with this.
    func waitsForLeader(_ connection: Connection) -> Bool {
        let limit = roleSince + Replica.leaderlessPatience
        guard connection.state == .fresh, role == .looking, !isServing,
            now.monotonicMilliseconds < limit
        else { return false }
        pause(connection)
        waitingUntil = limit
        return true
    }

    /// There is a leader, or there is none for too long: whoever has waited is heard.
    func endWaiting() {
        guard waitingUntil != nil else { return }
        waitingUntil = nil
        for connection in connections.values.sorted(by: { $0.id < $1.id })
        where connection.state == .fresh {
            resume(connection)
        }
    }

    /// The time that clients are let wait may be over.
    func noticeEndOfWaiting() {
        if let time = waitingUntil, time <= now.monotonicMilliseconds { endWaiting() }
    }
}
