import Quorum
import Records

/// Whether a probe's question is answered with yes, and why.
public struct ServerCondition: Equatable, Sendable {
    /// The answer.
    public let isGood: Bool
    /// Why, in a line.
    public let reason: String
}

extension Replica {
    /// Whether the server makes progress: somebody asks on its own loop, so that turns.
    public func liveness(_ now: Moment) -> ServerCondition {
        self.now = now
        guard role != .failed else {
            return ServerCondition(isGood: false, reason: "not alive: it has failed and will end")
        }
        return ServerCondition(isGood: true, reason: "alive")
    }

    /// Whether clients should be sent here: it is in a quorum and in step with it.
    public func readiness(_ now: Moment) -> ServerCondition {
        self.now = now
        switch role {
        case .failed: return ServerCondition(isGood: false, reason: "not ready: it has failed")
        case .standalone: return ServerCondition(isGood: true, reason: "ready: standalone")
        case .looking:
            let phase = peer?.status.phase ?? .election
            return ServerCondition(
                isGood: false,
                reason: "not ready: no quorum yet, in \(phase.rawValue), zxid \(lastZxid)")
        case .leading, .following, .observing:
            let phase = peer?.status.phase ?? .election
            return ServerCondition(
                isGood: phase == .broadcast,
                reason: phase == .broadcast
                    ? "ready: \(modeName)" : "not ready: \(modeName), in \(phase.rawValue)")
        }
    }
}
