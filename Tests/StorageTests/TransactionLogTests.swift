import Jute
import Records
import Simulation
import Storage
import Testing

/// What the log writes, byte for byte, and what it promises.
struct TransactionLogTests {
    static let golden: [UInt8] = [
        0x5a, 0x4b, 0x4c, 0x47, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
        0x00, 0x00, 0x00, 0x00, 0xc6, 0x07, 0x0a, 0x9b, 0x00, 0x00, 0x00, 0x30,
        0x02, 0x00, 0x00, 0x32, 0x49, 0x7b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
        0x00, 0x00, 0x01, 0xa1, 0xfb, 0x86, 0xbe, 0x46, 0xff, 0xff, 0xff, 0xf6,
        0x00, 0x00, 0x27, 0x10,
        0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x51, 0xc6, 0xd6, 0x60,
        0x42,
    ]

    @Test func `a createSession is written as Apache ZooKeeper writes it`() throws {
        let disk = try TestDisk()
        let transaction = Transaction(
            header: TransactionHeader(
                session: SessionID(0x0200_0032_497b_0000), cxid: Xid(0),
                zxid: Zxid(0x1_0000_0001), time: 0x01a1_fb86_be46, type: .createSession),
            body: .createSession(timeout: 10_000),
            digest: TransactionDigest(treeDigest: 0x51c6_d660))
        var log = disk.log()
        log.append(LogEntry(zxid: Zxid(0x1_0000_0001), bytes: transaction.encoded))
        #expect(try log.commit() == Zxid(0x1_0000_0001))
        #expect(disk.fileSystem.content(of: "/log/version-2/log.100000001") == Self.golden)
    }

    @Test func `a log of Apache ZooKeeper with its prepared space is read`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        disk.fileSystem.install(
            Self.golden + [UInt8](repeating: 0, count: 1 << 20),
            at: "/log/version-2/log.100000001")
        let (database, report) = try disk.recover()
        #expect(database.replayed == [Zxid(0x1_0000_0001)])
        #expect(report.lastZxid == Zxid(0x1_0000_0001))
        #expect(report.repairs.isEmpty)
    }

    @Test func `one commit is one write and one sync, whatever was appended`() throws {
        let disk = try TestDisk()
        var log = disk.log()
        log.append(entry(Zxid(1)))
        try log.commit()
        let before = disk.fileSystem.changeCount
        for zxid in zxids(2...1000) { log.append(entry(zxid)) }
        #expect(try log.commit() == Zxid(1000))
        #expect(disk.fileSystem.changeCount == before + 2)
        disk.fileSystem.crash(seed: 1)
        try disk.writeSnapshot(.zero)
        #expect(try disk.recover().0.replayed == zxids(1...1000))
    }

    @Test func `a commit of nothing touches no file`() throws {
        let disk = try TestDisk()
        var log = disk.log()
        #expect(try log.commit() == nil)
        #expect(try disk.names(disk.directories.logs).isEmpty)
    }

    @Test func `a roll and a start begin a file named after its first transaction`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        var log = disk.log()
        log.append(entry(Zxid(1)))
        log.append(entry(Zxid(2)))
        try log.roll()
        log.append(entry(Zxid(3)))
        try log.commit()
        var second = disk.log()
        second.append(entry(Zxid(4)))
        try second.commit()
        #expect(try disk.names(disk.directories.logs) == ["log.1", "log.3", "log.4"])
        #expect(try disk.recover().0.replayed == zxids(1...4))
    }

    @Test func `a file beyond the size limit is followed by a new one`() throws {
        let disk = try TestDisk()
        var options = TransactionLog.Options()
        options.fileSizeMax = 1000
        var log = disk.log(options)
        for zxid in zxids(1...30) {
            log.append(entry(zxid))
            try log.commit()
        }
        #expect(try disk.names(disk.directories.logs).count > 1)
        try disk.writeSnapshot(.zero)
        #expect(try disk.recover().0.replayed == zxids(1...30))
    }

    @Test func `space is prepared ahead, and commits then leave the size alone`() throws {
        let disk = try TestDisk()
        var log = disk.log()
        log.append(entry(Zxid(1)))
        try log.commit()
        try log.prepareAhead()
        let size = log.fileSize
        #expect(size >= 64 << 10)
        for zxid in zxids(2...50) {
            log.append(entry(zxid))
            try log.commit()
            try log.prepareAhead()
        }
        #expect(log.fileSize == size)
        try disk.writeSnapshot(.zero)
        #expect(try disk.recover().0.replayed == zxids(1...50))
    }

    @Test func `prepared space never fills the disk`() throws {
        let disk = try TestDisk()
        var log = disk.log()
        log.append(entry(Zxid(1)))
        try log.commit()
        disk.fileSystem.capacity = 30 << 10
        try log.prepareAhead()
        log.append(entry(Zxid(2)))
        #expect(try log.commit() == Zxid(2))
        disk.fileSystem.capacity = nil
        try disk.writeSnapshot(.zero)
        #expect(try disk.recover().0.replayed == zxids(1...2))
    }

    @Test(arguments: [0, 1])
    func `after a failed write or sync nothing is acknowledged any more`(change: Int) throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        var log = disk.log()
        log.append(entry(Zxid(1)))
        try log.commit()
        disk.fileSystem.fail(after: change, with: .error(.inputOutput))
        log.append(entry(Zxid(2)))
        #expect(throws: StorageError.self) { try log.commit() }
        #expect(log.lastDurable == Zxid(1))
        log.append(entry(Zxid(3)))
        do throws(StorageError) {
            try log.commit()
            Issue.record("a poisoned log committed")
        } catch {
            #expect(error.code == .poisoned)
            #expect(error.path == "/log/version-2/log.1")
        }
        disk.fileSystem.crash(seed: 3)
        let replayed = try disk.recover().0.replayed
        #expect(replayed.first == Zxid(1))
        #expect(!replayed.contains(Zxid(3)))
    }

    @Test func `a full disk poisons the log and says so`() throws {
        let disk = try TestDisk()
        var log = disk.log()
        log.append(entry(Zxid(1)))
        try log.commit()
        disk.fileSystem.capacity = 200
        log.append(entry(Zxid(2), dataSize: 500))
        do throws(StorageError) {
            try log.commit()
            Issue.record("a full disk took a record")
        } catch {
            #expect(error.code == .noSpace)
            #expect(error.description.contains("free space"))
        }
    }

    @Test func `history is never overwritten by a file of the same name`() throws {
        let disk = try TestDisk()
        try disk.writeLog(5...6)
        var log = disk.log()
        log.append(entry(Zxid(5)))
        do throws(StorageError) {
            try log.commit()
            Issue.record("log.5 was overwritten")
        } catch {
            #expect(error.code == .refused)
        }
        #expect(throws: StorageError.self) { try log.commit() }
    }

    @Test func `bytes that no start could read are never logged`() throws {
        for bytes in [[], Array(entry(Zxid(2)).bytes.prefix(31)), entry(Zxid(3)).bytes] {
            let disk = try TestDisk()
            try disk.writeSnapshot(.zero)
            var log = disk.log()
            log.append(entry(Zxid(1)))
            try log.commit()
            log.append(LogEntry(zxid: Zxid(2), bytes: bytes))
            log.append(entry(Zxid(3)))
            #expect(throws: StorageError.self) { try log.commit() }
            #expect(throws: StorageError.self) { try log.commit() }
            #expect(try disk.recover().0.replayed == zxids(1...1))
        }
    }

    @Test func `a batch encoded on another thread is committed whole`() throws {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        var log = disk.log()
        var batch = LogBatch()
        for zxid in zxids(1...3) { batch.append(entry(zxid)) }
        #expect(batch.recordCount == 3)
        #expect(batch.byteCount == Int(3 * recordSize()))
        #expect(try log.commit(&batch) == Zxid(3))
        let isEmpty = batch.isEmpty
        #expect(isEmpty)
        #expect(try disk.recover().0.replayed == zxids(1...3))
    }
}
