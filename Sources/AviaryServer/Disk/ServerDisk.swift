import NIOCore
import NIOPosix
import Records
import ServerCore
import Storage

/// The real disk of a replica: Storage's files, driven by two threads.
final class ServerDisk: ReplicaDisk {
    private let directories: DataDirectories
    private let fileSystem: any FileSystem
    private let recovery: RecoveryOptions
    private let compression: SnapshotCompression?
    private let epochs: EpochFiles
    private let log: LogWorker
    private let snapshots: SnapshotWorker
    /// Reads the log for learners.
    let logReader: LogReadWorker

    init(
        _ directories: DataDirectories, in fileSystem: any FileSystem, recovery: RecoveryOptions,
        compression: SnapshotCompression?, log: LogWorker, snapshots: SnapshotWorker,
        logReader: LogReadWorker
    ) {
        self.directories = directories
        self.fileSystem = fileSystem
        self.recovery = recovery
        self.compression = compression
        self.epochs = EpochFiles(directories, in: fileSystem)
        self.log = log
        self.snapshots = snapshots
        self.logReader = logReader
    }

    func append(_ entries: [LogEntry]) { log.append(entries) }

    func flush() throws(StorageError) { try log.flush() }

    func recover(into sink: inout DatabaseLoader) throws(StorageError) -> RecoveryReport {
        try settle()
        let start = Clock.now().monotonicMilliseconds
        let report = try Recovery.run(
            directories, in: fileSystem, options: recovery, into: &sink)
        recovered?(Clock.now().monotonicMilliseconds - start)
        return report
    }

    /// Hears how many milliseconds reading the database took.
    var recovered: ((Int64) -> Void)?

    func secondsOfSnapshot(_ zxid: Zxid) -> Int64? {
        let files = try? DataFile.list(.snapshot, in: directories.snapshots, of: fileSystem)
        return files?.last { $0.zxid == zxid }.flatMap { ServerProcess.secondsOfChange($0.path) }
    }

    func startEpochs(lastZxid: Zxid) throws(StorageError) -> EpochFiles.Epochs {
        try epochs.start(lastZxid: lastZxid)
    }

    func truncate(to zxid: Zxid) throws(StorageError) -> TruncationOutcome {
        try settle()
        return try directories.truncateHistory(to: zxid, in: fileSystem)
    }

    func persist(acceptedEpoch: Epoch) throws(StorageError) {
        try epochs.writeAccepted(acceptedEpoch)
    }

    func persist(currentEpoch: Epoch) throws(StorageError) {
        try epochs.writeCurrent(currentEpoch)
    }

    func rollLog() { log.roll() }

    func beginSnapshot(_ zxid: Zxid, _ header: [UInt8]) { snapshots.begin(zxid, header) }
    func writeSnapshot(_ chunk: [UInt8]) { snapshots.append(chunk) }
    func finishSnapshot(_ trailer: SnapshotTrailer) { snapshots.finish(trailer) }
    func abandonSnapshot() { snapshots.abandon() }

    func saveSnapshot(
        _ zxid: Zxid, body: [UInt8], trailer: SnapshotTrailer
    ) throws(StorageError) {
        try settle()
        var writer = try SnapshotFileWriter(
            zxid, in: directories.snapshots, of: fileSystem, compression: compression)
        do throws(StorageError) {
            try writer.append(body)
        } catch {
            writer.abandon()
            throw error
        }
        let file = try writer.finish(trailer)
        try directories.keepOnlySnapshot(file, in: fileSystem)
    }

    /// Lets go of all files, before they are read again, cut or removed.
    private func settle() throws(StorageError) {
        snapshots.settle()
        try log.reset()
    }

    /// Reports of durability from before the last flush are old news.
    var generation: Int { log.generation }

    /// Removes old snapshots and logs in the background.
    func purge(keeping count: Int, done: @escaping @Sendable (Result<Int, StorageError>) -> Void) {
        snapshots.purge(keeping: count, done: done)
    }

    func sizes() -> (data: Int64, log: Int64) {
        (size(of: directories.snapshots), size(of: directories.logs))
    }

    /// A file that vanishes meanwhile counts nothing: the figure is for people.
    private func size(of directory: String) -> Int64 {
        let names = (try? fileSystem.list(directory)) ?? []
        return names.reduce(0) { $0 + ((try? fileSystem.size(of: "\(directory)/\($1)")) ?? 0) }
    }
}
