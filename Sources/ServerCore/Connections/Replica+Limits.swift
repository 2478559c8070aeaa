import Configuration
import DequeModule
import Records

// What is done about clients that are too many, too silent, or ask for too much at once.

extension Replica {
    // MARK: Silence

    /// How long a connection may be silent.
    private func silenceMax(_ connection: Connection) -> Int64 {
        connection.state == .fresh
            ? settings.limits.sessionlessTimeout : Int64(connection.timeout)
    }

    /// When a connection is closed if nothing comes any more.
    func silenceDeadline(of connection: Connection) -> Int64 {
        silent.deadline(heardAt: connection.heardAt, timeout: silenceMax(connection))
    }

    func watchSilence(of connection: Connection) {
        connection.heardAt = now.monotonicMilliseconds
        silent.enter(connection.id, at: silenceDeadline(of: connection))
    }

    /// Closes what has been silent for too long: probes that hang, and connections whose other
    /// end is gone without a word.
    func closeSilentConnections() {
        let time = now.monotonicMilliseconds
        for id in silent.take(now: time) {
            guard let connection = connections[id] else { continue }
            let due = silenceDeadline(of: connection)
            if due > time {
                silent.enter(id, at: due)
            } else {
                if connection.session == .none { metrics.add(.sessionlessConnectionsExpired) }
                close(connection)
            }
        }
    }

    // MARK: Too many requests at once

    /// Whether no request is taken from anybody until others are answered.
    var isThrottling: Bool {
        settings.limits.requestsMax > 0 && outstandingCount >= settings.limits.requestsMax
    }

    func throttle(_ connection: Connection) {
        pause(connection)
        metrics.add(.requestThrottleWaitCount)
        connection.isThrottled = true
        if connection.throttledAt == nil { connection.throttledAt = now.monotonicMilliseconds }
        throttled.append(connection.id)
    }

    /// Reads on from those who waited longest, as far as there is room.
    ///
    /// Each of them may take all the room there is; the rest is then throttled again, in turn.
    func releaseThrottled() {
        var room = settings.limits.requestsMax - Int64(outstandingCount)
        while room > 0, let id = throttled.popFirst() {
            guard let connection = connections[id] else { continue }
            connection.isThrottled = false
            resume(connection)
            room -= 1
        }
    }

    /// Whether a request has waited so long to be taken that it is refused.
    func hasWaitedTooLong(_ type: OpCode, _ connection: Connection) -> Bool {
        guard settings.limits.throttledAfter > 0, let since = connection.throttledAt else {
            return false
        }
        return type != .ping && type != .closeSession
            && now.monotonicMilliseconds - since > settings.limits.throttledAfter
    }

    // MARK: Too many bytes at once

    /// Whether a request of this size may be taken, with those that are in process.
    func hasRoom(forRequestOf size: Int) -> Bool {
        let limits = settings.limits
        guard limits.largeRequestSize >= 0, size > limits.largeRequestSize else { return true }
        if largeRequestBytes + Int64(size) <= limits.largeRequestsMax { return true }
        metrics.add(.largeRequestsRejected)
        return false
    }

    /// What a request of `size` counts for.
    func largeSize(_ size: Int) -> Int64 {
        let least = settings.limits.largeRequestSize
        return least >= 0 && size > least ? Int64(size) : 0
    }

    // MARK: Requests that wait

    /// Requests in process beyond which connections that wait are not read from: all servers of an
    /// ensemble together may have as many as the setting says.
    static func outstandingMax(_ settings: ReplicaSettings, _ membership: Membership) -> Int {
        let voters = membership.voters.count
        return max(1, settings.outstandingRequestsMax / (voters > 2 ? voters - 1 : 1))
    }
}
