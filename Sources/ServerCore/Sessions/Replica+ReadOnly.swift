import Records

// Read-only mode: a server that finds no quorum shows what it knows to clients that accept that it
// may be old (`readonlymode.enabled`).

extension Replica {
    /// The server has begun to look for a quorum: if that takes long it serves readers meanwhile.
    func scheduleReadOnlyMode() {
        isReadOnly = false
        guard settings.readOnlyModeEnabled, settings.quorum != nil else { return }
        readOnlyAt =
            now.monotonicMilliseconds + max(2000, Int64(settings.tickTimeMilliseconds))
    }

    /// There is a quorum, or there will be: clients have been disconnected.
    func leaveReadOnlyMode() {
        isReadOnly = false
        readOnlyAt = nil
        localSessions = SessionTracker(tickMilliseconds: Int64(settings.tickTimeMilliseconds))
    }

    func enterReadOnlyMode() {
        guard let time = readOnlyAt, time <= now.monotonicMilliseconds else { return }
        readOnlyAt = nil
        guard role == .looking else { return }
        isReadOnly = true
        log(.info, "READ-ONLY: there is no quorum; serving what is known, zxid \(lastZxid)")
    }

    /// Refuses what a server without a quorum cannot do; false if it can.
    func refuseInReadOnlyMode(
        _ xid: Xid, _ type: OpCode, _ connection: Connection
    ) -> Bool {
        switch type {
        case .sync, .check, .create, .create2, .createContainer, .createTTL, .delete,
            .deleteContainer, .setData, .setACL, .reconfig, .multi:
            enqueue(connection, xid: xid, type, .failed(.notReadOnly, zxid: nil))
            answerReady(connection)
            return true
        default: return false
        }
    }
}
