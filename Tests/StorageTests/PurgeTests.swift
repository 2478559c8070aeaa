import Records
import Simulation
import Storage
import Testing

/// What may be removed, and when a snapshot is due.
struct PurgeTests {
    @Test func `three whole snapshots are kept and the logs they need`() throws {
        let disk = try TestDisk()
        for zxid: Int64 in [0, 3, 6, 9, 11] { try disk.writeSnapshot(Zxid(zxid)) }
        for first: Int64 in [1, 4, 5, 7, 10] { try disk.writeLog(first...(first + 1)) }
        disk.fileSystem.damage("/data/version-2/snapshot.b", at: 0)
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.a")
        disk.fileSystem.install([1], at: "/log/version-2/log.nonsense")
        disk.fileSystem.install([1], at: "/data/version-2/currentEpoch")
        // Whole are b (by its looks), 9 and 6; the newest log before 6 is 5.
        let removed = try Purge.run(disk.directories, keeping: 1, in: disk.fileSystem)
        #expect(
            removed == [
                "/data/version-2/snapshot.0", "/data/version-2/snapshot.3",
                "/log/version-2/log.nonsense", "/log/version-2/log.1", "/log/version-2/log.4",
            ])
        #expect(
            try disk.names("/data/version-2") == [
                "currentEpoch", "snapshot.6", "snapshot.9", "snapshot.a", "snapshot.b",
            ])
        #expect(try disk.names("/log/version-2") == ["log.5", "log.7", "log.a"])
    }

    @Test func `without a whole snapshot nothing is removed`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3)
        disk.fileSystem.install([1], at: "/data/version-2/snapshot.3")
        #expect(try Purge.run(disk.directories, keeping: 3, in: disk.fileSystem).isEmpty)
        #expect(try disk.names("/log/version-2") == ["log.1"])
    }

    @Test func `a snapshot is due after half to all of the configured records`() {
        var random = SeededGenerator(seed: 4)
        var limits: Set<Int> = []
        for _ in 0..<50 {
            var schedule = SnapshotSchedule(recordCountMax: 100, logSizeMax: 0, using: &random)
            var count = 0
            while !schedule.isDue {
                schedule.logged(recordCount: 1, byteCount: 1 << 30)
                count += 1
            }
            #expect((51...100).contains(count))
            limits.insert(count)
            schedule.restart(using: &random)
            #expect(!schedule.isDue)
        }
        #expect(limits.count > 10)
    }

    @Test func `a snapshot is due after half to all of the configured bytes`() {
        var random = SeededGenerator(seed: 4)
        var schedule = SnapshotSchedule(logSizeMax: 1000, using: &random)
        schedule.logged(recordCount: 1, byteCount: 500)
        #expect(!schedule.isDue)
        schedule.logged(recordCount: 1, byteCount: 501)
        #expect(schedule.isDue)
    }

    @Test(arguments: [-5, 0, 1, 2, 3])
    func `the smallest limits do not trap`(count: Int) {
        var random = SeededGenerator(seed: 4)
        var schedule = SnapshotSchedule(
            recordCountMax: count, logSizeMax: Int64(count), using: &random)
        schedule.logged(recordCount: 4, byteCount: 4)
        #expect(schedule.isDue)
    }
}
