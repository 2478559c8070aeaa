// How long elections, synchronization and the time without a leader take: looked at after every
// event as long as the server is looking, and never while it serves.

import Quorum

/// Measures the way from one role to the next.
struct RoleStopwatch {
    private var phase: QuorumStatus.Phase?
    private var phaseSince: Int64 = 0
    private var lookingSince: Int64?

    /// An event has been handled while the server was looking.
    mutating func looked(_ new: QuorumStatus.Phase, now: Int64, _ metrics: Metrics) {
        if lookingSince == nil { lookingSince = now }
        guard new != phase else { return }
        switch new {
        case .election: metrics.add(.lookingCount)
        case .discovery where phase == .election:
            metrics.record(.electionTime, now - phaseSince)
        default: break
        }
        phase = new
        phaseSince = now
    }

    /// The server serves.
    mutating func took(_ role: ReplicaRole, now: Int64, _ metrics: Metrics) {
        if let lookingSince {
            metrics.record(.unavailableTime, now - lookingSince)
            if case .leading = role { metrics.record(.leaderUnavailableTime, now - lookingSince) }
        }
        if phase == .synchronization {
            switch role {
            case .following: metrics.record(.followerSyncTime, now - phaseSince)
            case .observing: metrics.record(.observerSyncTime, now - phaseSince)
            default: break
            }
        }
        lookingSince = nil
        phase = nil
    }
}
