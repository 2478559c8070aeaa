import Jute
import Records
import Simulation
import Storage
import Testing

/// Every row of the damage table: what a broken log does to a start.
struct LogDamageTests {
    static let path = "/log/version-2/log.1"
    static let size = recordSize()
    /// Where the record of transaction n starts in `log.1`.
    static func offset(of number: Int64) -> Int64 { 16 + (number - 1) * size }

    /// A snapshot of nothing, transactions 1 to 5 in log.1 and, on demand, 6 to 8 in log.6.
    static func disk(hasSuccessor: Bool = false) throws -> TestDisk {
        let disk = try TestDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog(1...5)
        if hasSuccessor { try disk.writeLog(6...8) }
        return disk
    }

    func edit(_ disk: TestDisk, _ path: String = Self.path, _ edit: (inout [UInt8]) -> Void) throws
    {
        var content = try #require(disk.fileSystem.content(of: path))
        edit(&content)
        disk.fileSystem.install(content, at: path)
    }

    // MARK: The end of the last log

    @Test func `a tail torn at any byte loses that record and nothing else`() throws {
        // The first four bytes of a record are zero, and zeros are no tail.
        for cut in (Self.offset(of: 5) + 5)..<(Self.offset(of: 5) + Self.size) {
            let disk = try Self.disk()
            try edit(disk) { $0.removeLast($0.count - Int(cut)) }
            let (database, report) = try disk.recover()
            #expect(database.replayed == zxids(1...4))
            #expect(report.lastZxid == Zxid(4))
            #expect(report.repairs.map(\.offset) == [Self.offset(of: 5)])
            let repaired = disk.fileSystem.content(of: Self.path)?.count
            #expect(repaired == Int(Self.offset(of: 5)))
            // And once repaired it is an ordinary log: with a successor, for good.
            try disk.writeLog(5...9)
            let (again, second) = try disk.recover()
            #expect(again.replayed == zxids(1...9))
            #expect(second.repairs.isEmpty)
        }
    }

    @Test func `a tail torn at any byte before prepared zeros is the same`() throws {
        for cut in (Self.offset(of: 5) + 1)..<(Self.offset(of: 5) + Self.size) {
            let disk = try Self.disk()
            try edit(disk) { content in
                for position in Int(cut)..<content.count { content[position] = 0 }
                content += [UInt8](repeating: 0, count: 10_000)
            }
            #expect(try disk.recover().0.replayed == zxids(1...4))
        }
    }

    @Test func `a wrong byte in the very last record is taken for a torn one`() throws {
        // Behind the length: a wrong length is another matter.
        for position in (Self.offset(of: 5) + 12)..<(Self.offset(of: 5) + Self.size) {
            let disk = try Self.disk()
            disk.fileSystem.damage(Self.path, at: position)
            let (database, report) = try disk.recover()
            #expect(database.replayed == zxids(1...4))
            #expect(report.repairs.count == 1)
        }
    }

    @Test func `a batch of which any sectors are missing ends at the first of them`() throws {
        for sector in 1..<6 {
            let disk = try TestDisk()
            try disk.writeSnapshot(.zero)
            try disk.writeLog(1...60, dataSize: 33)
            let size = recordSize(dataSize: 33)
            try edit(disk) { content in
                for position in (sector * 512)..<((sector + 1) * 512) { content[position] = 0 }
            }
            let kept = (Int64(sector) * 512 - 16) / size
            let (database, report) = try disk.recover()
            #expect(database.replayed == zxids(1...kept))
            #expect(report.repairs.map(\.offset) == [16 + kept * size])
        }
    }

    @Test func `prepared zeros and a log of only a header are fine`() throws {
        let disk = try Self.disk()
        try edit(disk) { $0 += [UInt8](repeating: 0, count: 100_000) }
        let header = try #require(disk.fileSystem.content(of: Self.path)).prefix(16)
        disk.fileSystem.install(Array(header), at: "/log/version-2/log.6")
        disk.fileSystem.install(
            header + [UInt8](repeating: 0, count: 70_000), at: "/log/version-2/log.7")
        let (database, report) = try disk.recover()
        #expect(database.replayed == zxids(1...5))
        #expect(report.repairs.isEmpty)
    }

    @Test(arguments: [0, 1, 15, 16, 1000])
    func `a last log whose making was cut short is removed`(size: Int) throws {
        let disk = try Self.disk()
        disk.fileSystem.install([UInt8](repeating: 0, count: size), at: "/log/version-2/log.6")
        let (database, report) = try disk.recover()
        #expect(database.replayed == zxids(1...5))
        #expect(report.repairs.map(\.path) == ["/log/version-2/log.6"])
        #expect(try disk.names("/log/version-2") == ["log.1"])
    }

    @Test(arguments: [1, 3, 4, 15])
    func `a last log whose header was torn is removed`(written: Int) throws {
        let disk = try Self.disk()
        let header = try #require(disk.fileSystem.content(of: Self.path)).prefix(16)
        let torn = header.prefix(written) + [UInt8](repeating: 0, count: 1000)
        disk.fileSystem.install(Array(torn), at: "/log/version-2/log.6")
        let (database, report) = try disk.recover()
        #expect(database.replayed == zxids(1...5))
        // Behind a whole magic number an empty log is as good as one without a header.
        #expect(report.repairs.allSatisfy { $0.path == "/log/version-2/log.6" })
        #expect(written >= 4 || !report.repairs.isEmpty)
    }

    @Test func `a last log that begins as something else is damage`() throws {
        let disk = try Self.disk()
        let other = Array("XK".utf8) + [UInt8](repeating: 0, count: 1000)
        disk.fileSystem.install(other, at: "/log/version-2/log.6")
        #expect(throws: StorageError.self) { try disk.recover() }
    }

    @Test func `a tool that only looks leaves everything as it is`() throws {
        let disk = try Self.disk()
        try edit(disk) { $0.removeLast(3) }
        disk.fileSystem.install([], at: "/log/version-2/log.6")
        let before = disk.fileSystem.changeCount
        var options = RecoveryOptions()
        options.isRepairing = false
        #expect(try disk.recover(options).1.repairs.count == 2)
        #expect(disk.fileSystem.changeCount == before)
    }

    // MARK: Damage

    @Test func `a wrong byte in any earlier record stops the start and is named`() throws {
        for position in Self.offset(of: 3)..<Self.offset(of: 4) {
            let disk = try Self.disk()
            disk.fileSystem.damage(Self.path, at: position)
            let error = disk.recoveryError()
            #expect(error?.code == .damaged)
            #expect(error?.path == Self.path)
            #expect(error?.offset == Self.offset(of: 3))
        }
    }

    @Test func `the same in a log that is not the last stops it even in the last record`() throws {
        for position in Self.offset(of: 4)..<(Self.offset(of: 5)) {
            let disk = try Self.disk(hasSuccessor: true)
            disk.fileSystem.damage(Self.path, at: position)
            #expect(disk.recoveryError()?.offset == Self.offset(of: 4))
        }
        for position in Self.offset(of: 5)..<(Self.offset(of: 5) + Self.size) {
            let disk = try Self.disk(hasSuccessor: true)
            disk.fileSystem.damage(Self.path, at: position)
            #expect(disk.recoveryError()?.offset == Self.offset(of: 5))
        }
    }

    @Test func `a log whose only record is damaged stops the start`() throws {
        for position in Self.offset(of: 1)..<Self.offset(of: 2) {
            let disk = try TestDisk()
            try disk.writeSnapshot(.zero)
            try disk.writeLog(1...1)
            try disk.writeLog(2...4)
            disk.fileSystem.damage(Self.path, at: position)
            #expect(disk.recoveryError()?.offset == Self.offset(of: 1))
        }
    }

    @Test func `a torn record that the next log holds whole is fine`() throws {
        // Apache ZooKeeper leaves such tails in place.
        let disk = try Self.disk(hasSuccessor: true)
        try edit(disk) { $0 += entry(Zxid(6)).bytes.prefix(20) }
        #expect(try disk.recover().0.replayed == zxids(1...8))
    }

    @Test(arguments: [-1, -100, Int32.max, Int32.min])
    func `a length that cannot be stops the start`(length: Int32) throws {
        let disk = try Self.disk()
        try edit(disk) { content in
            var writer = JuteWriter()
            writer.writeInt32(length)
            let start = Int(Self.offset(of: 5)) + 8
            content.replaceSubrange(start..<(start + 4), with: writer.copyBytes())
        }
        #expect(disk.recoveryError()?.code == .damaged)
    }

    @Test func `an entry that is no transaction stops the start`() throws {
        let disk = try Self.disk()
        var log = disk.log()
        var bytes = entry(Zxid(6)).bytes
        bytes[31] = 99
        log.append(LogEntry(zxid: Zxid(6), bytes: bytes))
        try log.commit()
        let error = disk.recoveryError()
        #expect(error?.path == "/log/version-2/log.6")
        #expect(error?.offset == 16)
    }

    @Test(arguments: [0, 7, 15])
    func `an earlier log without a header stops the start`(size: Int) throws {
        let disk = try Self.disk(hasSuccessor: true)
        disk.fileSystem.install([UInt8](repeating: 0, count: size), at: Self.path)
        #expect(disk.recoveryError()?.path == Self.path)
    }

    @Test func `a file that does not start as a log stops the start`() throws {
        let disk = try Self.disk()
        disk.fileSystem.damage(Self.path, at: 0)
        #expect(disk.recoveryError()?.code == .damaged)
    }

    @Test func `what a client wrote is never taken for a record`() throws {
        // The data of the torn last record is itself a log.
        let disk = try Self.disk()
        let inner = try #require(disk.fileSystem.content(of: Self.path))
        let header = TransactionHeader(
            session: SessionID(1), cxid: Xid(1), zxid: Zxid(6), time: 1, type: .setData)
        let bytes = Transaction(
            header: header, body: .setData("/a", data: inner, version: 1)
        ).encoded
        var log = disk.log()
        log.append(LogEntry(zxid: Zxid(6), bytes: bytes))
        try log.commit()
        let path = "/log/version-2/log.6"
        let size = try #require(disk.fileSystem.content(of: path)).count
        for cut in [1, 2, 50, 100] {
            let copy = try Self.disk()
            var torn = try #require(disk.fileSystem.content(of: path))
            for position in (size - cut)..<size { torn[position] = 0 }
            copy.fileSystem.install(torn, at: path)
            #expect(try copy.recover().0.replayed == zxids(1...5))
        }
    }
}
