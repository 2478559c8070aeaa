import Records
import Simulation
import Storage
import Testing

/// The log read for a learner.
struct LogRangeTests {
    private func read(
        _ disk: TestDisk, _ start: Int64, _ end: Int64, bytesMax: Int = 1 << 20
    ) throws -> [Zxid]? {
        try LogRange.read(
            from: Zxid(start), through: Zxid(end), bytesMax: bytesMax,
            in: disk.directories.logs, of: disk.fileSystem
        )?.map(\.zxid)
    }

    @Test func `a range over files starts at the last transaction not beyond its start`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        try disk.writeLog(6...8)
        #expect(try read(disk, 4, 7) == zxids(4...7))
        #expect(try read(disk, 6, 6) == zxids(6...6))
        #expect(try read(disk, 3, 100) == zxids(3...8))
    }

    @Test func `a start before the log, a gap and too many bytes need a snapshot`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        try disk.writeLog(7...8)
        #expect(try read(disk, 2, 5) == nil)
        #expect(try read(disk, 4, 8) == nil)
        #expect(try read(disk, 7, 8) == zxids(7...8))
        #expect(try read(disk, 3, 5, bytesMax: 100) == nil)
    }

    @Test func `a range passes from one epoch to the next`() throws {
        let disk = try TestDisk()
        try disk.writeLog(1...3, epoch: 1)
        try disk.writeLog(1...2, epoch: 2)
        let found = try read(disk, 0x1_0000_0002, 0x2_0000_0002)
        #expect(
            found == [0x1_0000_0002, 0x1_0000_0003, 0x2_0000_0001, 0x2_0000_0002].map(Zxid.init))
    }

    @Test func `what is being written at the end does not disturb`() throws {
        let disk = try TestDisk()
        try disk.writeLog(3...5)
        let path = "/log/version-2/log.3"
        let content = try #require(disk.fileSystem.content(of: path))
        disk.fileSystem.install(content + [0, 0, 0, 0, 1, 2, 3], at: path)
        #expect(try read(disk, 3, 5) == zxids(3...5))
    }
}
