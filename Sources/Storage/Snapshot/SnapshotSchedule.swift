/// When to take the next snapshot: after so many records, or so many bytes of log.
///
/// Both limits are drawn anew each time from the upper half of what is configured, so that the
/// servers of an ensemble do not all write snapshots at once.
public struct SnapshotSchedule: Sendable {
    private let recordCountMax: Int
    private let logSizeMax: Int64
    private var recordLimit = 0
    private var sizeLimit = Int64.max
    private var recordCount = 0
    private var logSize: Int64 = 0

    /// A schedule by `snapCount`, at least 2, and the size in bytes of `snapSizeLimitInKb`, where
    /// 0 or less is no limit.
    public init(
        recordCountMax: Int = 100_000, logSizeMax: Int64 = 4 << 30,
        using random: inout some RandomNumberGenerator
    ) {
        self.recordCountMax = max(recordCountMax, 2)
        self.logSizeMax = logSizeMax
        restart(using: &random)
    }

    /// Counts records that were logged, and the bytes they took.
    public mutating func logged(recordCount: Int, byteCount: Int64) {
        self.recordCount += recordCount
        self.logSize += byteCount
    }

    /// Whether it is time to roll the log and begin a snapshot.
    public var isDue: Bool { recordCount > recordLimit || logSize > sizeLimit }

    /// Begins to count anew, with new limits: when a snapshot was begun, or put off.
    public mutating func restart(using random: inout some RandomNumberGenerator) {
        recordCount = 0
        logSize = 0
        let half = recordCountMax / 2
        recordLimit = half + Int.random(in: 0..<half, using: &random)
        if logSizeMax > 1 {
            let halfSize = logSizeMax / 2
            sizeLimit = halfSize + Int64.random(in: 0..<halfSize, using: &random)
        }
    }
}
