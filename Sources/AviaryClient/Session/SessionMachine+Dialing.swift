import Records

// Reaching a server and leaving it: rounds over the servers, pauses between rounds, the limits of
// patience, and pings.

extension SessionMachine {
    static let pauseMin: Int64 = 100
    static let pauseMax: Int64 = 1_000
    /// A server that drops us sooner than this after the handshake does not serve: no redial at
    /// once, or two of its kind would have us dial without end.
    static let serviceMin: Int64 = 100

    /// Each server's share of the session timeout, but time enough for a busy one.
    var dialPatience: Int64 {
        max(timeout / Int64(max(order.count, 1)), min(timeout, 1_000))
    }

    /// When `hitDeadline` is to be called next; nil when nothing is awaited.
    public var nextDeadline: Int64? {
        let deadline: Int64?
        switch phase {
        case .idle, .ended: return nil
        case .resting(let until): deadline = until
        case .dialing(let until), .handshaking(let until): deadline = until
        case .serving:
            let patienceEnd = lastReceived + givingUp
            deadline = isPingOutstanding ? patienceEnd : min(patienceEnd, lastSent + silence)
        }
        guard let deadline, let goodbyeDeadline else { return deadline }
        return min(deadline, goodbyeDeadline)
    }

    /// How long a server may be silent: two thirds of the timeout, so that one third is left to
    /// find another.
    private var givingUp: Int64 { max(timeout * 2 / 3, 1) }
    /// How long we may be silent.
    private var silence: Int64 { min(max(timeout / 3, 1), Self.silenceMax) }

    /// Time has passed: `now` is the deadline or later.
    public mutating func hitDeadline(now: Int64) -> [SessionEffect] {
        var effects: [SessionEffect] = []
        if let goodbyeDeadline, now >= goodbyeDeadline {
            end(.closed, &effects)
            return effects
        }
        switch phase {
        case .idle, .ended:
            break
        case .resting(let until):
            if now >= until { tryNextServer(now: now, &effects) }
        case .dialing(let until), .handshaking(let until):
            if now >= until {
                effects.append(.hangUp)
                leaveServer(now: now, &effects)
            }
        case .serving:
            if now >= lastReceived + givingUp {
                effects.append(.hangUp)
                leaveServer(now: now, &effects)
            } else if !isPingOutstanding, now >= lastSent + silence {
                sendPing(now: now, &effects)
            }
        }
        return effects
    }

    /// The connection of an attempt is up: we introduce ourselves.
    public mutating func dialed(_ attempt: AttemptID, now: Int64) -> [SessionEffect] {
        guard attempt == self.attempt, case .dialing = phase else { return [] }
        phase = .handshaking(deadline: now + dialPatience)
        return [.send(connectFrame())]
    }

    /// The connection of an attempt is gone, or never came to be.
    public mutating func connectionLost(_ attempt: AttemptID, now: Int64) -> [SessionEffect] {
        guard attempt == self.attempt else { return [] }
        switch phase {
        case .idle, .resting, .ended:
            return []
        case .dialing, .handshaking, .serving:
            var effects: [SessionEffect] = []
            leaveServer(now: now, &effects)
            return effects
        }
    }

    /// What was sent is lost, as far as we can know; the next server is tried.
    mutating func leaveServer(now: Int64, _ effects: inout [SessionEffect]) {
        let before = phase
        // News of the connection we leave is news of the past.
        attempt = AttemptID(attempt.rawValue + 1)
        authInFlight.removeAll()
        isPingOutstanding = false
        if goodbyeDeadline != nil {
            phase = .idle
            return end(.closed, &effects)
        }
        failInFlight(with: SessionReply(error: .connectionLoss), &effects)
        guard case .serving(let since) = before else { return tryNextServer(now: now, &effects) }
        attemptsLeft = order.count
        if now - since < Self.serviceMin {
            rest(now: now)
            effects.append(.changed(.connecting))
        } else {
            pause = 0
            effects.append(.changed(.connecting))
            tryNextServer(now: now, &effects)
        }
    }

    mutating func tryNextServer(now: Int64, _ effects: inout [SessionEffect]) {
        guard attemptsLeft > 0, !order.isEmpty else {
            let loss = SessionReply(error: .connectionLoss)
            failWaiting(with: loss, &effects)
            // The credentials stay, to be told to a server that comes back.
            failCredentialWaiters(with: loss, &effects)
            effects.append(.roundFailed)
            return rest(now: now)
        }
        attemptsLeft -= 1
        position = (position + 1) % order.count
        attempt = AttemptID(attempt.rawValue + 1)
        phase = .dialing(deadline: now + dialPatience)
        effects.append(.dial(order[position], attempt))
    }

    /// Pauses, each time longer, so that a thousand clients do not storm a server that comes back.
    private mutating func rest(now: Int64) {
        attemptsLeft = order.count
        pause = min(max(pause * 2, Self.pauseMin), Self.pauseMax)
        let jitter = Int64.random(in: 0...(pause / 2), using: &generator)
        phase = .resting(until: now + pause + jitter)
    }
}
