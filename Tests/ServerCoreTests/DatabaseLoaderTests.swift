import Jute
import Records
import Simulation
import Storage
import Testing
import Tree

@testable import ServerCore

/// The tree comes back from the disk as it was.
struct DatabaseLoaderTests {
    private let fileSystem = SimulatedFileSystem()
    private let directories = DataDirectories(data: "/data")

    init() throws { try directories.prepare(in: fileSystem) }

    private func recover() throws -> (DatabaseLoader, RecoveryReport) {
        var loader = DatabaseLoader(DataTree(seed: 7))
        loader.reset()
        let report = try Recovery.run(directories, in: fileSystem, into: &loader)
        return (loader, report)
    }

    private func create(_ path: Path, _ counter: Int64, owner: SessionID = .none) -> LogEntry {
        let zxid = Zxid(counter)
        let create = CreateTransaction(
            path: path, data: [1, 2], acl: counter % 2 == 0 ? ACL.open : ACL.readOnly,
            type: .create, isEphemeral: owner != .none, parentCVersion: -1)
        let header = TransactionHeader(
            session: owner, cxid: Xid(1), zxid: zxid, time: 7, type: .create)
        return LogEntry(
            zxid: zxid, bytes: Transaction(header: header, body: .create(create)).encoded)
    }

    @Test func `a new database is read again at the next start`() throws {
        let (first, report) = try recover()
        #expect(report.wasEmpty)
        let (second, again) = try recover()
        #expect(again.passedOver.isEmpty)
        #expect(again.snapshotZxid == .zero)
        // Siblings have no order.
        #expect(
            second.tree.snapshotBody(sessions: []).count
                == first.tree.snapshotBody(sessions: []).count)
        #expect(second.tree.nodeCount == first.tree.nodeCount)
        #expect(second.tree.digest == first.tree.digest)
    }

    @Test func `snapshot and log give the same tree as the log alone`() throws {
        _ = try recover()
        var log = TransactionLog(in: directories.logs, of: fileSystem)
        let session = SessionID(0x1_0000_0000_0005)
        for counter: Int64 in 1...20 {
            let owner = counter % 5 == 0 ? session : .none
            log.append(create(Path("/z\(counter)"), counter, owner: owner))
        }
        try log.commit()
        let (fromLog, _) = try recover()
        var writer = try SnapshotFileWriter(Zxid(20), in: directories.snapshots, of: fileSystem)
        try writer.append(fromLog.tree.snapshotBody(sessions: [(session, 4000)]))
        _ = try writer.finish(SnapshotTrailer(digest: nil, lastZxid: Zxid(20)))
        let (fromSnapshot, report) = try recover()
        #expect(report.snapshotZxid == Zxid(20))
        #expect(report.replayedCount == 0)
        #expect(fromSnapshot.tree.digest == fromLog.tree.digest)
        #expect(fromSnapshot.tree.nodeCount == fromLog.tree.nodeCount)
        #expect(fromSnapshot.tree.lastProcessed == fromLog.tree.lastProcessed)
        #expect(fromSnapshot.sessionTimeouts == [session: 4000])
        // A broken newest snapshot leaves nothing behind in the tree.
        fileSystem.damage("/data/version-2/snapshot.14", at: 300)
        let (fallenBack, second) = try recover()
        #expect(second.passedOver.count == 1)
        #expect(fallenBack.tree.digest == fromLog.tree.digest)
        #expect(fallenBack.sessionTimeouts.isEmpty)
    }
}
