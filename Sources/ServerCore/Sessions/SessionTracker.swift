import Records

/// One session as the server that expires it knows it.
final class TrackedSession {
    let id: SessionID
    /// Milliseconds, as negotiated last.
    var timeout: Int32
    /// When it expires if nothing is heard of it, by the monotonic clock.
    fileprivate(set) var expiry: Int64
    /// The bucket it stands in, at or before `expiry`: a touch only moves `expiry`.
    fileprivate var bucket: Int64
    /// Its close has been proposed: every later request of it fails.
    var isClosing = false
    /// Through which server it was last seen; nil before anybody claimed it.
    var owner: SessionOwner?

    init(id: SessionID, timeout: Int32, expiry: Int64) {
        self.id = id
        self.timeout = timeout
        self.expiry = expiry
        self.bucket = expiry
    }
}

/// Expires sessions: on a standalone server and on the leader.
///
/// Sessions expire in buckets of a tick, so expiry falls in (timeout, timeout + tick]. Touching a
/// session only moves its own deadline; it is put into its new bucket when the old one comes up.
/// That makes a touch two stores, and there is one with every request.
struct SessionTracker {
    private(set) var sessions: [SessionID: TrackedSession] = [:]
    private var buckets: [Int64: [SessionID]] = [:]
    /// Ascending deadlines of the buckets that exist.
    private var deadlines: [Int64] = []
    private let tick: Int64

    init(tickMilliseconds: Int64) {
        self.tick = max(1, tickMilliseconds)
    }

    /// When the next bucket comes up.
    var nextDeadline: Int64? { deadlines.first }

    /// The session, closing or not.
    subscript(_ id: SessionID) -> TrackedSession? { sessions[id] }

    private func deadline(now: Int64, timeout: Int32) -> Int64 {
        ((now + Int64(timeout)) / tick + 1) * tick
    }

    /// Starts to track a session, or gives it a fresh timeout.
    @discardableResult
    mutating func track(_ id: SessionID, timeout: Int32, now: Int64) -> TrackedSession {
        if let known = sessions[id] {
            known.timeout = timeout
            touch(known, now: now)
            return known
        }
        let session = TrackedSession(
            id: id, timeout: timeout, expiry: deadline(now: now, timeout: timeout))
        sessions[id] = session
        enter(session)
        return session
    }

    private mutating func enter(_ session: TrackedSession) {
        session.bucket = session.expiry
        if buckets[session.bucket]?.append(session.id) != nil { return }
        buckets[session.bucket] = [session.id]
        let place = deadlines.firstIndex { $0 > session.bucket } ?? deadlines.count
        deadlines.insert(session.bucket, at: place)
    }

    /// Gives a session its full timeout from now on.
    func touch(_ session: TrackedSession, now: Int64) {
        session.expiry = max(session.expiry, deadline(now: now, timeout: session.timeout))
    }

    /// Gives a session its full timeout from now on, if it is known and not closing.
    func touch(_ id: SessionID, timeout: Int32, now: Int64) -> Bool {
        guard let session = sessions[id], !session.isClosing else { return false }
        session.timeout = timeout
        touch(session, now: now)
        return true
    }

    /// Forgets a session; its bucket forgets it when it comes up.
    mutating func remove(_ id: SessionID) {
        sessions[id] = nil
    }

    /// The sessions that have expired, ascending by id; each is reported once and marked closing.
    mutating func expire(now: Int64) -> [SessionID] {
        var expired: [SessionID] = []
        while let deadline = deadlines.first, deadline <= now {
            deadlines.removeFirst()
            for id in buckets.removeValue(forKey: deadline) ?? [] {
                guard let session = sessions[id], session.bucket == deadline else { continue }
                if session.expiry > deadline {
                    enter(session)
                } else if !session.isClosing {
                    session.isClosing = true
                    expired.append(id)
                }
            }
        }
        return expired.sorted()
    }

    /// The expiry buckets as `dump` shows them: deadline and sessions, both ascending.
    var expirySets: [(deadline: Int64, sessions: [SessionID])] {
        var sets: [Int64: [SessionID]] = [:]
        for session in sessions.values where !session.isClosing {
            sets[session.expiry, default: []].append(session.id)
        }
        return sets.keys.sorted().map { ($0, (sets[$0] ?? []).sorted()) }
    }
}
