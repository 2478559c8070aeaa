public import Records

/// What a database is read back into.
///
/// The calls of one attempt: `reset`, the pieces of a snapshot if there is one, `loadedSnapshot`,
/// then `replay` for each transaction behind it. If the snapshot turns out to be broken, `reset` begins another
/// attempt with an older one: nothing of the first may be left, sessions and indexes included.
public protocol RecoverySink: SnapshotSink {
    /// Forgets everything, and is ready to receive a snapshot.
    mutating func reset()

    /// The snapshot is whole, and all that follows is newer than `zxid`, the number in its name.
    ///
    /// Without any snapshot it is zero, and the database the empty one, with its built-in znodes.
    /// The tree may already hold later transactions, up to those that the trailer tells of.
    mutating func loadedSnapshot(_ zxid: Zxid, trailer: SnapshotTrailer)

    /// Applies a transaction from the log; `entry` is its bytes. Applying cannot fail.
    mutating func replay(_ transaction: Transaction, entry: LogEntry)

    /// The body of a snapshot of the empty database.
    func emptySnapshotBody() -> [UInt8]
}

/// How a server starts from what its disk holds.
public struct RecoveryOptions: Sendable {
    /// Whether an empty directory is a new database: `zookeeper.db.autocreate`.
    ///
    /// Off, a server without data may not vote until it has been synchronized.
    public var isCreatingDatabase = true
    /// `zookeeper.snapshot.trust.empty`: logs without any snapshot are replayed from the start.
    public var isTrustingEmpty = false
    /// Whether files are changed: off for tools that only look.
    ///
    /// On, what a crash left is cut off, and a new database gets its snapshot.
    public var isRepairing = true
    /// How many of the last transactions are kept for learners: `zookeeper.commitLogCount`.
    public var recentCountMax = 500

    /// The defaults.
    public init() {}
}

/// What a start found on the disk.
public struct RecoveryReport: Equatable, Sendable {
    /// The snapshot it started from; nil if there was none.
    public var snapshotZxid: Zxid?
    /// The last transaction; `.none` if there is no database and none may be made: such a server
    /// neither votes nor is voted for.
    public var lastZxid = Zxid.none
    /// Whether the directories held no history: neither a snapshot nor a log.
    public var wasEmpty = false
    /// How many transactions were replayed.
    public var replayedCount = 0
    /// The last of them, oldest first, without a gap.
    public var recent: [LogEntry] = []
    /// Snapshots that were passed over, newest first, and why.
    public var passedOver: [StorageError] = []
    /// The zxids in their names.
    public var passedOverZxids: [Zxid] = []
    /// What a crash had left in the log, and was cut off.
    public var repairs: [LogRepair] = []
    /// Steps over zxids within an epoch.
    public var gaps: [LogGap] = []
    /// Transactions whose zxid is lower than that of one before: a fault of who wrote the log.
    public var outOfOrderCount = 0

    /// Nothing found yet.
    public init() {}
}
