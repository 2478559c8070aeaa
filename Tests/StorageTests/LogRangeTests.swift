import Records
import Simulation
import Storage
import Testing

/// The log read for a learner.
struct LogRangeTests {
    /// The transactions given out, and how many pieces they came in.
    private func read(
        _ disk: TestDisk, _ start: Int64, _ end: Int64, bytesMax: Int64 = 1 << 20,
        piece: Int = 1 << 20
    ) throws -> (zxids: [Zxid], pieces: Int) {
        var range = try LogRange(
            after: Zxid(start), through: Zxid(end), bytesMax: bytesMax, in: disk.directories,
            of: disk.fileSystem)
        var found: [Zxid] = []
        var pieces = 0
        while !range.isComplete {
            found += try range.next(bytesMax: piece).map(\.zxid)
            pieces += 1
        }
        return (found, pieces)
    }

    @Test func `a range over files starts behind what the learner has`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        try disk.writeLog(6...8)
        #expect(try read(disk, 4, 7).zxids == zxids(5...7))
        #expect(try read(disk, 5, 6).zxids == zxids(6...6))
        #expect(try read(disk, 3, 8).zxids == zxids(4...8))
    }

    @Test func `pieces hold as much as asked for, and at least one transaction`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...20)
        let single = try read(disk, 1, 20, piece: 1)
        #expect(single.zxids == zxids(2...20))
        #expect(single.pieces == 19)
        #expect(try read(disk, 1, 20).pieces == 1)
    }

    @Test func `a start before the log, a gap and too many bytes need a snapshot`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        try disk.writeLog(7...8)
        #expect(throws: LogRange.Refusal.startMissing) { try read(disk, 2, 5) }
        #expect(throws: LogRange.Refusal.gap(after: Zxid(5))) { try read(disk, 4, 8) }
        #expect(throws: LogRange.Refusal.startMissing) { try read(disk, 6, 8) }
        #expect(throws: LogRange.Refusal.endMissing) { try read(disk, 7, 9) }
        #expect(throws: LogRange.Refusal.tooLarge) { try read(disk, 3, 5, bytesMax: 60) }
        #expect(throws: LogRange.Refusal.startMissing) { try read(try TestDisk(), 3, 5) }
        #expect(try read(disk, 7, 8).zxids == zxids(8...8))
    }

    @Test func `a range passes from one epoch to the next`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3, epoch: 1)
        try disk.writeLog(1...2, epoch: 2)
        let found = try read(disk, 0x1_0000_0002, 0x2_0000_0002).zxids
        #expect(found == [0x1_0000_0003, 0x2_0000_0001, 0x2_0000_0002].map(Zxid.init))
        // A learner may stand at the start of an epoch, which is no transaction.
        let second = try read(disk, 0x2_0000_0000, 0x2_0000_0002).zxids
        #expect(second == [0x2_0000_0001, 0x2_0000_0002].map(Zxid.init))
        // But not at a transaction that was never here.
        #expect(throws: LogRange.Refusal.startMissing) {
            try read(disk, 0x1_0000_0009, 0x2_0000_0002)
        }
    }

    @Test func `a hole at the end of an epoch, which a snapshot once filled, is seen`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3, epoch: 1)
        try disk.writeSnapshot(Zxid(0x1_0000_0007))
        try disk.writeLog(1...2, epoch: 2)
        #expect(throws: LogRange.Refusal.gap(after: Zxid(0x1_0000_0003))) {
            try read(disk, 0x1_0000_0002, 0x2_0000_0002)
        }
    }

    @Test func `what is being written at the end does not disturb`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        let path = "/log/version-2/log.3"
        let content = try #require(disk.fileSystem.content(of: path))
        disk.fileSystem.install(content + [0, 0, 0, 0, 1, 2, 3], at: path)
        #expect(try read(disk, 3, 5).zxids == zxids(4...5))
    }

    @Test func `damage in the middle and a torn end refuse`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...9)
        try disk.writeLog(10...12)
        let path = "/log/version-2/log.1"
        let content = try #require(disk.fileSystem.content(of: path))
        var damaged = content
        damaged[content.count / 2] ^= 0xff
        disk.fileSystem.install(damaged, at: path)
        #expect(throws: LogRange.Refusal.self) { try read(disk, 1, 12) }
        disk.fileSystem.install(content, at: path)
        let last = "/log/version-2/log.a"
        let end = try #require(disk.fileSystem.content(of: last))
        disk.fileSystem.install(Array(end.dropLast(3)), at: last)
        #expect(throws: LogRange.Refusal.endMissing) { try read(disk, 1, 12) }
    }

    @Test func `a purge between two pieces is an error and not an end`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3)
        try disk.writeLog(4...6)
        var range = try LogRange(
            after: Zxid(1), through: Zxid(6), bytesMax: 1 << 20, in: disk.directories,
            of: disk.fileSystem)
        _ = try range.next(bytesMax: 1)
        try disk.fileSystem.remove("/log/version-2/log.4")
        var failed = false
        do throws(LogRange.Refusal) { _ = try range.next(bytesMax: 1 << 20) } catch {
            failed = true
        }
        #expect(failed)
        let isComplete = range.isComplete
        #expect(!isComplete)
    }

    @Test func `nobody waits for a stretch that is not wanted any more`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...9)
        var asked = 0
        #expect(throws: LogRange.Refusal.cancelled) {
            _ = try LogRange(
                after: Zxid(1), through: Zxid(9), bytesMax: 1 << 20, in: disk.directories,
                of: disk.fileSystem
            ) {
                asked += 1
                return asked > 3
            }
        }
        #expect(asked == 4)
    }
}
