import DequeModule
import Records

/// When znodes that outlived their use are looked for, and how fast they go: containers whose
/// children are gone, and znodes with a time to live that nobody wrote to.
///
/// It knows time and paths, and nothing of trees: the replica surveys and deletes for it.
struct Reaper {
    /// How often, how fast, and what counts as outlived.
    struct Settings {
        /// Milliseconds between surveys.
        var interval: Int64
        /// Deletions in a minute, at most.
        var perMinuteMax: Int64
        /// Milliseconds after which a container without any child yet goes; 0 is never.
        var neverUsedInterval: Int64
    }

    let settings: Settings
    /// When to survey next, monotonic milliseconds; nil while somebody else does.
    private var nextSurvey: Int64?
    /// What the last survey found and is not deleted yet.
    private var found = Deque<Path>()
    private var nextDeletion: Int64 = 0

    init(_ settings: Settings) { self.settings = settings }

    /// This server reaps from now on; the first survey is an interval away.
    mutating func start(now: Int64) {
        stop()
        nextSurvey = now + settings.interval
    }

    /// Another server reaps from now on, or none.
    mutating func stop() {
        nextSurvey = nil
        found.removeAll()
    }

    /// When `isSurveyDue` or `takeDue` has something to say.
    var nextDeadline: Int64? { found.isEmpty ? nextSurvey : nextDeletion }

    /// Whether to look for candidates; not before those of the last time are gone.
    func isSurveyDue(now: Int64) -> Bool {
        guard found.isEmpty, let nextSurvey else { return false }
        return nextSurvey <= now
    }

    /// What a survey has found.
    mutating func surveyed(_ paths: [Path], now: Int64) {
        found.append(contentsOf: paths)
        nextDeletion = max(nextDeletion, now)
        nextSurvey = now + settings.interval
    }

    /// The next one to delete, if its time has come.
    mutating func takeDue(now: Int64) -> Path? {
        guard nextDeletion <= now, let path = found.popFirst() else { return nil }
        nextDeletion += 60_000 / settings.perMinuteMax
        return path
    }
}
