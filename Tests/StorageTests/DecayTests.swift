import Records
import Simulation
import Storage
import Testing

/// Bytes of a disk at rest change: the start ends with the whole history or with an error, and
/// never with a trap or a hole.
struct DecayTests {
    /// Snapshots at 0, 20 and 40, and transactions 1 to 60 in three logs, the last with zeros
    /// ahead.
    private func disk() throws -> TestDisk {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...25, dataSize: 40)
        try disk.writeSnapshot(Zxid(20))
        try disk.writeLog(26...45, dataSize: 90)
        try disk.writeSnapshot(Zxid(40))
        var log = disk.log()
        for zxid in zxids(46...60) { log.append(entry(zxid, dataSize: 20)) }
        try log.commit()
        try log.prepareAhead()
        return disk
    }

    private static let files = [
        "/data/version-2/snapshot.0", "/data/version-2/snapshot.14",
        "/data/version-2/snapshot.28", "/log/version-2/log.1", "/log/version-2/log.1a",
        "/log/version-2/log.2e",
    ]

    /// What came back is a beginning of the history that lacks at most the last record.
    private func check(_ disk: TestDisk, _ place: String) -> Bool {
        do throws(StorageError) {
            let (database, report) = try disk.recover()
            let last = report.lastZxid.rawValue
            #expect(last == 60 || last == 59, "\(place): ended at \(last)")
            let base = report.snapshotZxid?.rawValue ?? 0
            #expect(database.replayed == (base < last ? zxids((base + 1)...last) : []), "\(place)")
            return true
        } catch {
            #expect(error.code == .damaged || error.code == .refused, "\(place): \(error)")
            #expect(!error.path.isEmpty)
            return false
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a changed byte anywhere loses no more than the last record`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var outcomes: Set<Bool> = []
        for _ in 0..<100 {
            let disk = try disk()
            let path = Self.files[random.below(Self.files.count)]
            // The zeros ahead of the last log are long, and not what this is about.
            let size = try #require(disk.fileSystem.content(of: path)).count
            let offset = Int64(random.below(min(size, 3000)))
            let mask = UInt8(1 << random.below(8))
            disk.fileSystem.damage(path, at: offset, xor: mask)
            outcomes.insert(check(disk, "\(path) at \(offset) by \(mask)"))
        }
        #expect(outcomes == [true, false])
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `wild files never trap`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let disk = try disk()
            for _ in 0...random.below(4) {
                let path = Self.files[random.below(Self.files.count)]
                var content = try #require(disk.fileSystem.content(of: path))
                if content.count > 4000 { content.removeLast(content.count - 4000) }
                switch random.below(3) {
                case 0: content.removeLast(random.below(content.count))
                case 1: content = (0..<random.below(600)).map { _ in UInt8(random.below(256)) }
                default:
                    for _ in 0..<random.below(20) where !content.isEmpty {
                        content[random.below(content.count)] = UInt8(random.below(256))
                    }
                }
                disk.fileSystem.install(content.isEmpty ? [0] : content, at: path)
            }
            // Errors are fine, whatever they are; what is accepted is in order.
            if let (database, _) = try? disk.recover() {
                #expect(database.replayed == database.replayed.sorted())
            }
            _ = try? disk.directories.truncateHistory(to: Zxid(30), in: disk.fileSystem)
            _ = try? Purge.run(disk.directories, keeping: 3, in: disk.fileSystem)
            do throws(LogRange.Refusal) {
                var range = try LogRange(
                    after: Zxid(5), through: Zxid(50), bytesMax: 1 << 20, in: disk.directories,
                    of: disk.fileSystem)
                while !range.isComplete { _ = try range.next(bytesMax: 200) }
            } catch {}
        }
    }
}
