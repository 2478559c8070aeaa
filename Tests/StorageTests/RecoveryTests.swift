import Jute
import Records
import Simulation
import Storage
import Testing

/// How a server finds its database again.
struct RecoveryTests {
    @Test func `an empty directory becomes a new database with its snapshot`() throws {
        let disk = try TestDisk()
        let (database, report) = try disk.recover()
        #expect(report.lastZxid == .zero)
        #expect(report.wasEmpty)
        #expect(report.snapshotZxid == nil)
        #expect(database.resetCount == 1)
        #expect(disk.fileSystem.content(of: "/data/version-2/snapshot.0")?.count == 478)
        let (again, second) = try disk.recover()
        #expect(again.snapshot.items == TestDatabase.emptyItems)
        #expect(!second.wasEmpty)
        #expect(second.snapshotZxid == .zero)
    }

    @Test func `without autocreate an empty directory is no database`() throws {
        let disk = try TestDisk()
        var options = RecoveryOptions()
        options.isCreatingDatabase = false
        let report = try disk.recover(options).1
        #expect(report.lastZxid == .none)
        #expect(report.wasEmpty)
        #expect(try disk.names("/data/version-2").isEmpty)
        // The marker allows it, once.
        disk.fileSystem.install([], at: "/log/initialize")
        #expect(try disk.recover(options).1.lastZxid == .zero)
        #expect(try !disk.fileSystem.exists("/log/initialize"))
        #expect(try disk.names("/data/version-2") == ["snapshot.0"])
    }

    @Test func `the log is replayed from behind the newest snapshot on`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...4)
        try disk.writeLog(5...8)
        try disk.writeSnapshot(Zxid(6))
        try disk.writeLog(9...12)
        let (database, report) = try disk.recover()
        #expect(database.snapshotZxid == Zxid(6))
        #expect(database.replayed == zxids(7...12))
        #expect(report.lastZxid == Zxid(12))
        #expect(report.replayedCount == 6)
        #expect(report.recent.map(\.zxid) == zxids(7...12))
        #expect(report.recent == database.entries)
        #expect(report.gaps.isEmpty)
        #expect(report.outOfOrderCount == 0)
    }

    @Test func `the name's zxid counts, whatever the snapshot says at its end`() throws {
        let disk = try TestDisk()
        var writer = try SnapshotFileWriter(
            Zxid(3), in: disk.directories.snapshots, of: disk.fileSystem)
        try writer.append(SnapshotItem.encodeBody(TestDatabase.emptyItems))
        let digest = SnapshotDigest(zxid: Zxid(5), digest: 55)
        _ = try writer.finish(SnapshotTrailer(digest: digest, lastZxid: Zxid(5)))
        try disk.writeLog(1...7)
        let (database, _) = try disk.recover()
        #expect(database.replayed == zxids(4...7))
        #expect(database.digest == digest)
    }

    @Test func `a broken newest snapshot is passed over for the one before`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...8)
        try disk.writeSnapshot(Zxid(3))
        try disk.writeSnapshot(Zxid(6))
        try disk.writeSnapshot(Zxid(7))
        disk.fileSystem.install([1, 2, 3], at: "/data/version-2/snapshot.7")
        disk.fileSystem.damage("/data/version-2/snapshot.6", at: 60)
        let (database, report) = try disk.recover()
        #expect(database.snapshotZxid == Zxid(3))
        #expect(database.replayed == zxids(4...8))
        #expect(
            report.passedOver.map(\.path) == [
                "/data/version-2/snapshot.7", "/data/version-2/snapshot.6",
            ])
        // The failed attempt left nothing behind.
        #expect(database.snapshot.items.count == 2)
    }

    @Test func `an older snapshot is not used if the log does not join up with it`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...3)
        // A leader sent its database here.
        try disk.writeSnapshot(Zxid(9))
        try disk.writeLog(10...12)
        #expect(try disk.recover().0.replayed == zxids(10...12))
        disk.fileSystem.damage("/data/version-2/snapshot.9", at: 60)
        let error = disk.recoveryError()
        #expect(error?.code == .damaged)
        #expect(error?.path == "/data/version-2/snapshot.9")
    }

    @Test func `an older snapshot is not used if the log ends before the broken one`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...3)
        try disk.writeSnapshot(Zxid(9))
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.9")
        #expect(disk.recoveryError()?.path == "/data/version-2/snapshot.9")
        // The start of an epoch has no transaction to be missed.
        try disk.fileSystem.remove("/data/version-2/snapshot.9")
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.100000000")
        #expect(try disk.recover().1.lastZxid == Zxid(3))
    }

    @Test func `when no snapshot can be read the newest is named`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeSnapshot(Zxid(3))
        disk.fileSystem.damage("/data/version-2/snapshot.0", at: 30)
        disk.fileSystem.damage("/data/version-2/snapshot.3", at: 30)
        #expect(disk.recoveryError()?.path == "/data/version-2/snapshot.3")
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.0")
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.3")
        #expect(disk.recoveryError()?.code == .damaged)
    }

    @Test func `a new server's first snapshot in pieces is no history`() throws {
        let disk = try TestDisk()
        disk.fileSystem.install([1, 2], at: "/data/version-2/snapshot.0")
        let report = try disk.recover().1
        #expect(report.wasEmpty)
        #expect(report.lastZxid == .zero)
        #expect(report.passedOver.count == 1)
    }

    @Test func `logs without a snapshot need the permission to trust them`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3)
        let error = disk.recoveryError()
        #expect(error?.code == .refused)
        #expect(error?.advice.contains("snapshot.trust.empty") == true)
        #expect(error?.path == "/data/version-2")
        // One in pieces is named.
        disk.fileSystem.install([1, 2], at: "/data/version-2/snapshot.0")
        #expect(disk.recoveryError()?.path == "/data/version-2/snapshot.0")
        var options = RecoveryOptions()
        options.isTrustingEmpty = true
        let (database, report) = try disk.recover(options)
        #expect(database.snapshotZxid == .zero)
        #expect(database.replayed == zxids(1...3))
        #expect(!report.wasEmpty)
    }

    @Test func `only the last transactions are kept for learners, without a gap`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...3000)
        var options = RecoveryOptions()
        options.recentCountMax = 100
        #expect(try disk.recover(options).1.recent.map(\.zxid) == zxids(2901...3000))
        try disk.writeLog(3002...3010)
        let report = try disk.recover(options).1
        #expect(report.recent.map(\.zxid) == zxids(3002...3010))
        #expect(report.gaps == [LogGap(after: Zxid(3000), before: Zxid(3002))])
    }

    @Test func `equal zxids are applied, lower ones too and counted`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        var log = disk.log()
        for number: Int64 in [1, 2, 2, 3, 2] { log.append(entry(Zxid(number))) }
        try log.commit()
        let (database, report) = try disk.recover()
        #expect(database.replayed == [1, 2, 2, 3, 2].map { Zxid($0) })
        #expect(report.outOfOrderCount == 1)
        #expect(report.lastZxid == Zxid(3))
    }

    @Test func `a snapshot at the start of an epoch joins up with its first transaction`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(Zxid(0x2_0000_0000))
        try disk.writeLog(1...3, epoch: 2)
        let report = try disk.recover().1
        #expect(report.gaps.isEmpty)
        #expect(report.lastZxid == Zxid(0x2_0000_0003))
    }

    @Test func `what a crash left of a snapshot is removed`() throws {
        let disk = try TestDisk()
        var writer = try SnapshotFileWriter(
            Zxid(3), in: disk.directories.snapshots, of: disk.fileSystem)
        try writer.append([1, 2, 3])
        disk.fileSystem.crash(seed: 2)
        disk.fileSystem.install([1], at: "/data/version-2/unfinished-snapshot.7")
        try disk.directories.prepare(in: disk.fileSystem)
        #expect(try disk.names("/data/version-2").isEmpty)
    }
}
