import Records
import Simulation
import Storage
import Testing

/// The power goes at every single change of a server's life on disk, and nothing that was
/// acknowledged is lost.
struct CrashTests {
    /// What a server did, as far as it knows: the history it wrote and how much of it is certain.
    struct Model {
        /// Transaction n is at n - 1.
        var history: [LogEntry] = []
        /// How many are acknowledged.
        var certain = 0
        var accepted: (certain: Epoch, attempted: Epoch) = (.zero, .zero)

        mutating func append(_ count: Int, dataSize: Int, to log: inout TransactionLog) {
            for _ in 0..<count {
                let next = entry(Zxid(Int64(history.count + 1)), dataSize: dataSize)
                history.append(next)
                log.append(next)
            }
        }
    }

    /// Little space is prepared, so that it runs out often and costs the test little.
    static let options = {
        var options = TransactionLog.Options()
        options.preallocationMax = 2048
        return options
    }()

    static let seeds = 0..<4 as Range<UInt64>

    /// A life: commits small and large, rolls, snapshots, a purge, epochs, and a truncation.
    static func live(_ disk: TestDisk, _ model: inout Model) throws(StorageError) {
        _ = try disk.recover()
        var log = disk.log(Self.options)
        let epochs = EpochFiles(disk.directories, in: disk.fileSystem)
        for round in 1...4 {
            for (count, size) in [(1, 10), (3, 200), (40, 60), (2, 3000)] {
                model.append(count, dataSize: size, to: &log)
                try log.commit()
                model.certain = model.history.count
                try log.prepareAhead()
            }
            model.accepted.attempted = Epoch(Int32(round))
            try epochs.writeAccepted(Epoch(Int32(round)))
            model.accepted.certain = Epoch(Int32(round))
            try log.roll()
            try Self.snapshot(Zxid(Int64(model.certain)), disk)
            // More than a sector, as the first in its file.
            model.append(3, dataSize: 700, to: &log)
            try log.commit()
            model.certain = model.history.count
            if round == 4 {
                _ = try Purge.run(disk.directories, keeping: 3, in: disk.fileSystem)
            }
        }
        // The leader never had the last ones: back behind the newest snapshot and log.
        try log.roll()
        model.append(2, dataSize: 30, to: &log)
        try log.commit()
        model.certain = model.history.count
        try Self.snapshot(Zxid(Int64(model.certain)), disk)
        let target = model.history.count - 5
        log.reset()
        model.certain = target
        let outcome = try disk.directories.truncateHistory(
            to: Zxid(Int64(target)), in: disk.fileSystem)
        #expect(outcome == .truncated)
        model.history.removeLast(5)
        model.append(3, dataSize: 77, to: &log)
        try log.commit()
        model.certain = model.history.count
    }

    static func snapshot(_ zxid: Zxid, _ disk: TestDisk) throws(StorageError) {
        var writer = try SnapshotFileWriter(
            zxid, in: disk.directories.snapshots, of: disk.fileSystem)
        try writer.append(
            SnapshotItem.encodeBody([
                .znode("", data: Array(zxid.hex.utf8), aclIndex: -1, StatPersisted())
            ]))
        _ = try writer.finish(SnapshotTrailer(digest: nil, lastZxid: zxid))
    }

    /// Recovers, and compares what came back with what the server knew.
    static func check(_ disk: TestDisk, _ model: Model, _ place: String) throws -> Int {
        let (database, report) = try disk.recover()
        let base = Int(report.snapshotZxid?.rawValue ?? 0)
        let last = Int(report.lastZxid.rawValue)
        #expect(last >= model.certain, "\(place): acknowledged transactions are lost")
        #expect(last <= model.history.count, "\(place): transactions from nowhere")
        #expect(base <= last)
        let expected = Array(model.history[min(base, last)..<min(last, model.history.count)])
        #expect(database.entries == expected, "\(place): another history came back")
        #expect(report.gaps.isEmpty)
        let epochs = EpochFiles(disk.directories, in: disk.fileSystem)
        let accepted = try epochs.start(lastZxid: report.lastZxid).accepted
        #expect(accepted >= model.accepted.certain, "\(place): a promise is forgotten")
        #expect(accepted <= model.accepted.attempted)
        return last
    }

    /// The number of changes in a whole life.
    static func changeCount() throws -> Int {
        let disk = try TestDisk()
        var model = Model()
        try Self.live(disk, &model)
        _ = try check(disk, model, "without a crash")
        return disk.fileSystem.changeCount
    }

    private func run(
        _ fault: SimulatedFileSystem.Fault, seed: UInt64, alsoIn recoveryChange: Int?
    ) throws {
        for point in 0..<(try Self.changeCount()) {
            let place = "change \(point), seed \(seed)"
            let disk = try TestDisk()
            var model = Model()
            disk.fileSystem.fail(after: point, with: fault)
            try? Self.live(disk, &model)
            let luck = seed &* 1_000_003 &+ UInt64(point)
            disk.fileSystem.crash(seed: luck)
            if let recoveryChange {
                disk.fileSystem.fail(after: recoveryChange, with: .crash)
                _ = try? disk.recover()
                disk.fileSystem.crash(seed: luck &+ 100)
            }
            let last = try Self.check(disk, model, place)
            // The server goes on from what it found, and that holds as well.
            model.history.removeLast(model.history.count - last)
            model.certain = last
            var log = disk.log()
            model.append(5, dataSize: 99, to: &log)
            try log.commit()
            model.certain = model.history.count
            disk.fileSystem.crash(seed: luck &+ 200)
            _ = try Self.check(disk, model, place + ", second life")
        }
    }

    @Test(arguments: seeds)
    func `a loss of power at any change loses nothing acknowledged`(seed: UInt64) throws {
        try run(.crash, seed: seed, alsoIn: nil)
    }

    @Test(arguments: seeds)
    func `nor does one more while the server recovers`(seed: UInt64) throws {
        try run(.crash, seed: seed, alsoIn: Int(seed % 4))
    }

    @Test(arguments: seeds)
    func `an error at any change, and a loss of power later, lose nothing`(seed: UInt64) throws {
        try run(.error(.inputOutput), seed: seed, alsoIn: nil)
    }

    @Test(arguments: seeds)
    func `a leader's database replaces history, or leaves a beginning of it`(seed: UInt64) throws {
        // Own history reaches 20; the leader's snapshot is beyond it, and before its end.
        for sent in [100, 10] as [Int64] {
            for point in 0..<60 {
                let disk = try TestDisk()
                try disk.writeSnapshot(.zero)
                try disk.writeLog(1...7)
                try disk.writeLog(8...20)
                try disk.writeSnapshot(Zxid(9))
                try disk.writeSnapshot(Zxid(18))
                disk.fileSystem.fail(after: point, with: .crash)
                var isDone = false
                do throws(StorageError) {
                    try Self.snapshot(Zxid(sent), disk)
                    try disk.directories.keepOnlySnapshot(
                        DataFile(.snapshot, Zxid(sent), in: disk.directories.snapshots),
                        in: disk.fileSystem)
                    isDone = true
                } catch {
                    #expect(error.code == .crashed)
                }
                disk.fileSystem.crash(seed: seed &* 1_000_003 &+ UInt64(point))
                let (database, report) = try disk.recover()
                let base = try #require(report.snapshotZxid).rawValue
                // What is left of the old log goes on from the snapshot, without a hole.
                let left = database.replayed.map(\.rawValue)
                let next = (base + 1)...(base + Int64(max(left.count, 1)))
                #expect(left == Array(next.prefix(left.count)))
                if isDone {
                    #expect(base == sent)
                    #expect(left.isEmpty)
                } else if base == sent {
                    // The old history is gone, or it is one with the new.
                    #expect(left.isEmpty || report.lastZxid == Zxid(20))
                } else {
                    // A beginning of the old history, at least up to its newest snapshot.
                    #expect(base == 18)
                }
            }
        }
    }
}
