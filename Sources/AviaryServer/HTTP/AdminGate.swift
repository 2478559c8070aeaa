import Configuration
import ServerCore

/// How often a snapshot may be taken or restored over HTTP, and whether at all.
final class AdminGate {
    private let settings: AdminConfiguration
    private var lastSnapshot: Int64?
    private var lastRestore: Int64?

    init(_ settings: AdminConfiguration) { self.settings = settings }

    /// Why not, or nil; then the next has to wait.
    func refusalOfSnapshot(_ now: Moment) -> AdminAnswer? {
        guard settings.isSnapshotEnabled else {
            return AdminAnswer(error: "Snapshot command is disabled", status: 503)
        }
        return refusal(&lastSnapshot, now)
    }

    /// Why a restore that came now would be refused, or nil.
    func refusalOfNextRestore(_ now: Moment) -> AdminAnswer? {
        let last = lastRestore
        defer { lastRestore = last }
        return refusalOfRestore(now)
    }

    /// Why not, or nil; then the next has to wait.
    func refusalOfRestore(_ now: Moment) -> AdminAnswer? {
        guard settings.isRestoreEnabled else {
            return AdminAnswer(error: "Restore command is disabled", status: 503)
        }
        return refusal(&lastRestore, now)
    }

    private func refusal(_ last: inout Int64?, _ now: Moment) -> AdminAnswer? {
        let time = now.monotonicMilliseconds
        if let last, time - last < settings.rateLimitMilliseconds {
            return AdminAnswer(
                error: "Rate limit reached: one in \(settings.rateLimitMilliseconds) ms "
                    + "(admin.rateLimiterIntervalInMS)", status: 429)
        }
        last = time
        return nil
    }
}
