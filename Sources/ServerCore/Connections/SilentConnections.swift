import Records

/// Which connections are to be looked at because they may have been silent for too long.
///
/// They stand in buckets of one interval. Traffic only notes the time at the connection; when its
/// bucket comes up it is closed, or put where it belongs by then. So a silent connection is closed
/// between one and two intervals after its last word, as in Apache ZooKeeper.
struct SilentConnections {
    private var buckets: [Int64: [ConnectionID]] = [:]
    /// Ascending.
    private var deadlines: [Int64] = []
    private let interval: Int64

    init(interval: Int64) { self.interval = max(1, interval) }

    /// When the next bucket comes up.
    var nextDeadline: Int64? { deadlines.first }

    /// When a connection is due that was heard at `time` and may be silent for `timeout`.
    func deadline(heardAt time: Int64, timeout: Int64) -> Int64 {
        ((time + timeout) / interval + 1) * interval
    }

    mutating func enter(_ id: ConnectionID, at deadline: Int64) {
        if buckets[deadline]?.append(id) != nil { return }
        buckets[deadline] = [id]
        deadlines.insert(deadline, at: deadlines.firstIndex { $0 > deadline } ?? deadlines.count)
    }

    /// The connections whose bucket has come up, in the order of their numbers.
    mutating func take(now: Int64) -> [ConnectionID] {
        var due: [ConnectionID] = []
        while let deadline = deadlines.first, deadline <= now {
            deadlines.removeFirst()
            due += buckets.removeValue(forKey: deadline) ?? []
        }
        return due.sorted()
    }
}
