public import Records
public import Storage

/// The disk as a replica uses it.
///
/// Appending is queued and reported later by `Replica.logged(through:)`: it is the hot path. All
/// else is rare, happens while no client is served, and is durable on return.
public protocol ReplicaDisk: AnyObject {
    /// Queues entries behind those queued before, in zxid order. Durability is reported to
    /// `Replica.logged(through:)`, for many entries at once.
    func append(_ entries: [LogEntry])

    /// Returns once everything queued is durable; it need not be reported any more.
    func flush() throws(StorageError)

    /// Reads snapshot and log into `sink`. Nothing may be queued.
    func recover(into sink: inout DatabaseLoader) throws(StorageError) -> RecoveryReport

    /// Reads the epoch files of a member of an ensemble, making them if there are none, and
    /// refuses what does not fit to the last transaction.
    func startEpochs(lastZxid: Zxid) throws(StorageError) -> EpochFiles.Epochs

    /// Makes `zxid` the last transaction of the log, and drops snapshots beyond it; changes nothing
    /// if what is left could not be read back.
    func truncate(to zxid: Zxid) throws(StorageError) -> TruncationOutcome

    func persist(acceptedEpoch: Epoch) throws(StorageError)
    func persist(currentEpoch: Epoch) throws(StorageError)

    /// Starts a new log file with the next entry, behind everything queued.
    func rollLog()

    /// Begins a snapshot named after `zxid`, written in the background. `header` is its body so
    /// far: the sessions and the ACL table.
    func beginSnapshot(_ zxid: Zxid, _ header: [UInt8])
    /// Queues more of the snapshot's body; `Replica.snapshotChunkWritten` asks for the next.
    func writeSnapshot(_ chunk: [UInt8])
    /// Seals the snapshot and puts it under its name.
    func finishSnapshot(_ trailer: SnapshotTrailer)
    /// Gives the snapshot up.
    func abandonSnapshot()

    /// Writes a whole snapshot and makes it durable, and puts log files that lie before it and
    /// could bring back what it does not hold out of the way.
    func saveSnapshot(
        _ zxid: Zxid, body: [UInt8], trailer: SnapshotTrailer
    ) throws(StorageError)

    /// Bytes of snapshots and of logs.
    func sizes() -> (data: Int64, log: Int64)

    /// When the snapshot of that name was written, in seconds after 1970; nil if nobody knows.
    func secondsOfSnapshot(_ zxid: Zxid) -> Int64?
}

extension ReplicaDisk {
    /// Nobody knows.
    public func secondsOfSnapshot(_ zxid: Zxid) -> Int64? { nil }
}
