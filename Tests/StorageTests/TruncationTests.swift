import Records
import Simulation
import Storage
import Testing

/// Going back in history as a leader demands it.
struct TruncationTests {
    private func disk() throws -> TestDisk {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...4)
        try disk.writeLog(5...8)
        try disk.writeSnapshot(Zxid(6))
        try disk.writeLog(9...12)
        return disk
    }

    @Test(arguments: 1...12 as ClosedRange<Int64>)
    func `exactly the transactions up to the target are kept`(target: Int64) throws {
        let disk = try disk()
        let outcome = try disk.directories.truncateHistory(
            to: Zxid(target), in: disk.fileSystem)
        #expect(outcome == .truncated)
        let (database, report) = try disk.recover()
        #expect(report.lastZxid == Zxid(target))
        let base: Int64 = target >= 6 ? 6 : 0
        #expect(database.snapshotZxid == Zxid(base))
        #expect(database.replayed == (base < target ? zxids((base + 1)...target) : []))
        // And the log goes on from there.
        try disk.writeLog((target + 1)...(target + 2))
        #expect(try disk.recover().1.lastZxid == Zxid(target + 2))
    }

    @Test func `a target that only a snapshot holds keeps no later record`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(Zxid(9))
        try disk.writeLog(10...12)
        let outcome = try disk.directories.truncateHistory(to: Zxid(9), in: disk.fileSystem)
        #expect(outcome == .truncated)
        let (database, report) = try disk.recover()
        #expect(database.replayed.isEmpty)
        #expect(report.lastZxid == Zxid(9))
    }

    @Test func `without a snapshot at or before the target nothing is changed`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(Zxid(9))
        try disk.writeLog(10...12)
        let before = disk.fileSystem.changeCount
        let outcome = try disk.directories.truncateHistory(to: Zxid(8), in: disk.fileSystem)
        #expect(outcome == .needsSnapshot)
        #expect(disk.fileSystem.changeCount == before)
    }

    @Test func `a target that lies in a gap of the log needs a snapshot`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...3)
        try disk.writeSnapshot(Zxid(9))
        try disk.writeLog(10...12)
        let outcome = try disk.directories.truncateHistory(to: Zxid(5), in: disk.fileSystem)
        #expect(outcome == .needsSnapshot)
    }

    @Test func `after a database from the leader nothing from before is left`() throws {
        let disk = try disk()
        try disk.writeSnapshot(Zxid(10))
        try disk.directories.keepOnlySnapshot(
            DataFile(.snapshot, Zxid(10), in: disk.directories.snapshots), in: disk.fileSystem)
        #expect(try disk.names("/data/version-2") == ["snapshot.a"])
        #expect(try disk.names("/log/version-2").isEmpty)
        #expect(try disk.recover().1.lastZxid == Zxid(10))
    }

    @Test func `nothing is removed for the sake of a snapshot that is not whole`() throws {
        let disk = try disk()
        disk.fileSystem.install([1, 2, 3], at: "/data/version-2/snapshot.a")
        #expect(throws: StorageError.self) {
            try disk.directories.keepOnlySnapshot(
                DataFile(.snapshot, Zxid(10), in: disk.directories.snapshots), in: disk.fileSystem)
        }
        #expect(try disk.names("/log/version-2").count == 3)
    }
}
