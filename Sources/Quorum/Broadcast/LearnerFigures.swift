public import Records

/// What a leader has counted of one learner, for people.
public struct LearnerFigures: Equatable, Sendable {
    /// The link that it has come over.
    public let link: LinkID
    /// Monotonic milliseconds.
    public let establishedAt: Int64
    /// The learner.
    public internal(set) var server = ServerID(-1)
    /// Whether it has our history.
    public internal(set) var isSynchronized = false
    /// Packets that have come.
    public internal(set) var packetsReceived: Int64 = 0
    /// Transactions that went out, and pings.
    public internal(set) var packetsSent: Int64 = 0
    /// Writes and syncs of its clients.
    public internal(set) var requests: Int64 = 0
    /// The last transaction that went out.
    public internal(set) var lastZxid = Zxid.none

    init(link: LinkID, establishedAt: Int64) {
        self.link = link
        self.establishedAt = establishedAt
    }

    mutating func reset() {
        packetsReceived = 0
        packetsSent = 0
        requests = 0
        lastZxid = .none
    }
}

extension QuorumPeer {
    /// What a leader, or a follower in its place, has counted of its observers, in the order in
    /// which they came.
    public var observerFigures: [LearnerFigures] {
        let learners = leader?.learners ?? learner?.observers?.learners ?? []
        let observers = learners.filter { $0.kind == .observer && $0.isForwarding }
        return observers.map { observer in
            var figures = observer.figures
            figures.server = observer.server
            figures.isSynchronized = observer.isSynchronized
            return figures
        }
    }

    /// Forgets what was counted of observers.
    public mutating func resetObserverFigures() {
        for index in leader?.learners.indices ?? 0..<0 { leader?.learners[index].figures.reset() }
        for index in learner?.observers?.learners.indices ?? 0..<0 {
            learner?.observers?.learners[index].figures.reset()
        }
    }
}
