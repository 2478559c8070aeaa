import Jute
import Records
import Simulation
import Storage
import Testing

/// The simulated disk keeps what was synced, and may lose all else.
struct SimulatedFileSystemTests {
    private func fileSystem() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        try fileSystem.makeDirectory("/d")
        return fileSystem
    }

    @Test func `what was synced survives every crash`() throws {
        for seed in 0..<50 as Range<UInt64> {
            let fileSystem = try fileSystem()
            let file = try fileSystem.open("/d/a", .replace)
            try file.write([1, 2, 3].rawSpan, at: 0)
            try file.sync()
            try fileSystem.syncDirectory("/d")
            try file.write([9].rawSpan, at: 3)
            fileSystem.crash(seed: seed)
            #expect(fileSystem.content(of: "/d/a")?.prefix(3) == [1, 2, 3])
        }
    }

    @Test func `what is durable is kept once`() throws {
        let fileSystem = try fileSystem()
        let file = try fileSystem.open("/d/a", .replace)
        let bytes = [UInt8](repeating: 7, count: 1000)
        try file.write(bytes.rawSpan, at: 0)
        #expect(fileSystem.keptSize == 2000)
        try file.sync()
        #expect(fileSystem.keptSize == 1000)
        // As it is, and what is the difference.
        try file.write([9].rawSpan, at: 1000)
        #expect(fileSystem.keptSize == 1001 + 1)
        try file.sync()
        #expect(fileSystem.keptSize == 1001)
        // What was there before comes to that where something was overwritten.
        try file.write(bytes.rawSpan, at: 0)
        #expect(fileSystem.keptSize == 1001 + 1000 + 1000)
        fileSystem.crash(seed: 1)
        #expect(fileSystem.keptSize <= 1001)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what would survive is what was there at the last sync`(seed: UInt64) throws {
        let fileSystem = try fileSystem()
        let file = try fileSystem.open("/d/a", .replace)
        var random = SeededGenerator(seed: seed)
        var (present, durable): ([UInt8], [UInt8]) = ([], [])
        for step in 0..<300 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                try file.sync()
                durable = present
            case 1:
                let size = Int.random(in: 0..<40, using: &random)
                try file.truncate(to: Int64(size))
                let added = [UInt8](repeating: 0, count: max(0, size - present.count))
                present = present.prefix(size) + added
            default:
                // Also beyond the end, where zeros fill the gap.
                let start = Int.random(in: 0..<present.count + 5, using: &random)
                let bytes = (0...Int.random(in: 0..<9, using: &random)).map {
                    UInt8(truncatingIfNeeded: step + $0)
                }
                try file.write(bytes.rawSpan, at: Int64(start))
                let end = start + bytes.count
                present += [UInt8](repeating: 0, count: max(0, end - present.count))
                present.replaceSubrange(start..<end, with: bytes)
            }
            #expect(fileSystem.content(of: "/d/a") == present)
            #expect(fileSystem.durableContent(of: "/d/a") == durable)
        }
    }

    @Test func `of what was not synced anything may survive, the same from the same seed`() throws {
        var outcomes: Set<[UInt8]?> = []
        for seed in 0..<200 as Range<UInt64> {
            var twice: [[UInt8]?] = []
            for _ in 0..<2 {
                let fileSystem = try fileSystem()
                let file = try fileSystem.open("/d/a", .replace)
                try file.write([1, 2, 3].rawSpan, at: 0)
                fileSystem.crash(seed: seed)
                twice.append(fileSystem.content(of: "/d/a"))
            }
            #expect(twice[0] == twice[1])
            outcomes.insert(twice[0])
        }
        #expect(
            outcomes.isSuperset(of: [nil, [], [1], [1, 2], [1, 2, 3], [1, 0, 0], [0, 0, 0]]))
    }

    @Test func `a name that was not synced may be gone, and a removed one back`() throws {
        var outcomes: Set<[String]> = []
        for seed in 0..<100 as Range<UInt64> {
            let fileSystem = try fileSystem()
            fileSystem.install([1], at: "/d/old")
            fileSystem.install([2], at: "/d/gone")
            try fileSystem.rename("/d/old", to: "/d/new")
            try fileSystem.remove("/d/gone")
            fileSystem.crash(seed: seed)
            outcomes.insert(try fileSystem.list("/d"))
        }
        #expect(outcomes == [["gone", "old"], ["old"], ["gone", "new"], ["new"]])
    }

    @Test func `a failed sync loses its bytes even if a later one succeeds`() throws {
        var isLost = false
        for seed in 0..<20 as Range<UInt64> {
            let fileSystem = try fileSystem()
            let file = try fileSystem.open("/d/a", .replace)
            try fileSystem.syncDirectory("/d")
            try file.write([1].rawSpan, at: 0)
            fileSystem.fail(after: 0, with: .error(.inputOutput))
            #expect(throws: StorageError.self) { try file.sync() }
            try file.sync()
            fileSystem.crash(seed: seed)
            isLost = isLost || fileSystem.content(of: "/d/a") != [1]
        }
        #expect(isLost)
    }

    @Test func `after a crash point everything fails until the power is back`() throws {
        let fileSystem = try fileSystem()
        let file = try fileSystem.open("/d/a", .replace)
        fileSystem.fail(after: 1, with: .crash)
        try file.write([1].rawSpan, at: 0)
        do throws(StorageError) {
            try file.sync()
            Issue.record("the crash point was passed")
        } catch {
            #expect(error.code == .crashed)
        }
        #expect(throws: StorageError.self) { try fileSystem.list("/d") }
        #expect(throws: StorageError.self) { try file.size() }
        fileSystem.crash(seed: 1)
        #expect(try fileSystem.list("/d").count <= 1)
        #expect(throws: StorageError.self) { try file.size() }
    }

    @Test func `a full disk takes what fits and says so`() throws {
        let fileSystem = try fileSystem()
        fileSystem.capacity = 10
        let file = try fileSystem.open("/d/a", .replace)
        try file.write([UInt8](repeating: 1, count: 8).rawSpan, at: 0)
        #expect(try fileSystem.freeSpace(at: "/d") == 2)
        do throws(StorageError) {
            try file.write([UInt8](repeating: 2, count: 8).rawSpan, at: 8)
            Issue.record("a full disk took everything")
        } catch {
            #expect(error.code == .noSpace)
        }
        // Overwriting needs no room.
        try file.write([3].rawSpan, at: 0)
        #expect(try file.size() == 10)
    }
}
