import Jute
import Records
import Simulation
import Storage

/// A database that only remembers what it was given.
struct TestDatabase: RecoverySink, Equatable {
    var snapshot = SnapshotItems()
    var snapshotZxid: Zxid?
    var digest: SnapshotDigest?
    var replayed: [Zxid] = []
    var entries: [LogEntry] = []
    var resetCount = 0

    mutating func reset() {
        let count = resetCount + 1
        self = TestDatabase()
        resetCount = count
    }

    mutating func receivedSession(_ session: SessionID, timeout: Int32) {
        snapshot.receivedSession(session, timeout: timeout)
    }

    mutating func receivedACL(_ list: [ACL], index: Int64) {
        snapshot.receivedACL(list, index: index)
    }

    mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) {
        snapshot.receivedZnode(path: path, data: data, aclIndex: aclIndex, stat: stat)
    }

    mutating func receivedEnd() { snapshot.receivedEnd() }

    mutating func loadedSnapshot(_ zxid: Zxid, trailer: SnapshotTrailer) {
        self.snapshotZxid = zxid
        self.digest = trailer.digest
    }

    mutating func replay(_ transaction: Transaction, entry: LogEntry) {
        replayed.append(transaction.header.zxid)
        entries.append(entry)
    }

    func emptySnapshotBody() -> [UInt8] { SnapshotItem.encodeBody(Self.emptyItems) }

    /// The empty database of Apache ZooKeeper 3.9.5.
    static let emptyItems: [SnapshotItem] = [
        .acl(index: 1, ACL.readOnly),
        .znode("", data: [], aclIndex: -1, StatPersisted()),
        .znode("/zookeeper", data: [], aclIndex: -1, StatPersisted()),
        .znode("/zookeeper/config", data: [], aclIndex: 1, StatPersisted(aversion: -1)),
        .znode("/zookeeper/quota", data: [], aclIndex: -1, StatPersisted()),
        .end,
    ]

    /// The newest transaction that the database includes.
    var lastZxid: Zxid { max(snapshotZxid ?? .none, replayed.max() ?? .none) }
}

/// A simulated machine's disk and the directories on it.
struct TestDisk {
    let fileSystem = SimulatedFileSystem()
    let directories = DataDirectories(data: "/data", dataLog: "/log")

    init() throws { try directories.prepare(in: fileSystem) }

    func log(_ options: TransactionLog.Options = TransactionLog.Options()) -> TransactionLog {
        TransactionLog(in: directories.logs, of: fileSystem, options: options)
    }

    /// Writes a log file of these transactions.
    func writeLog(_ zxids: ClosedRange<Int64>, epoch: Int32 = 0, dataSize: Int = 10) throws {
        var log = log()
        for counter in zxids {
            let zxid = Zxid(epoch: Epoch(epoch), counter: UInt32(counter))
            log.append(entry(zxid, dataSize: dataSize))
        }
        try log.commit()
    }

    /// Writes a snapshot of one znode that tells its zxid.
    func writeSnapshot(_ zxid: Zxid) throws {
        var writer = try SnapshotFileWriter(zxid, in: directories.snapshots, of: fileSystem)
        try writer.append(
            SnapshotItem.encodeBody([
                .znode("", data: Array(zxid.hex.utf8), aclIndex: -1, StatPersisted())
            ]))
        _ = try writer.finish(SnapshotTrailer(digest: nil, lastZxid: zxid))
    }

    func recover(
        _ options: RecoveryOptions = RecoveryOptions()
    ) throws(StorageError) -> (TestDatabase, RecoveryReport) {
        var database = TestDatabase()
        let report = try Recovery.run(
            directories, in: fileSystem, options: options, into: &database)
        return (database, report)
    }

    func recoveryError(_ options: RecoveryOptions = RecoveryOptions()) -> StorageError? {
        do throws(StorageError) {
            _ = try recover(options)
            return nil
        } catch {
            return error
        }
    }

    func names(_ directory: String) throws -> [String] { try fileSystem.list(directory) }
}

/// A transaction as the log holds it.
func entry(_ zxid: Zxid, dataSize: Int = 10) -> LogEntry {
    let header = TransactionHeader(
        session: SessionID(0x1_0000_0000_0000), cxid: Xid(1), zxid: zxid, time: 1_700_000_000_000,
        type: .setData)
    // No byte is zero, so that a lost sector never looks like the data.
    let data = (0..<dataSize).map { UInt8(truncatingIfNeeded: $0 % 255 + 1) }
    let transaction = Transaction(
        header: header, body: .setData("/a", data: data, version: 1),
        digest: TransactionDigest(treeDigest: UInt64(bitPattern: zxid.rawValue)))
    return LogEntry(zxid: zxid, bytes: transaction.encoded)
}

func zxids(_ range: ClosedRange<Int64>) -> [Zxid] { range.map { Zxid($0) } }

/// The size of a record of `entry`.
func recordSize(dataSize: Int = 10) -> Int64 {
    Int64(entry(Zxid(1), dataSize: dataSize).bytes.count + 13)
}
