import Records
import Simulation
import Storage
import Testing

/// The promises of a quorum member on disk.
struct EpochFilesTests {
    private func epochs(_ disk: TestDisk) -> EpochFiles {
        EpochFiles(disk.directories, in: disk.fileSystem)
    }

    private func install(_ disk: TestDisk, _ name: String, _ text: String) {
        disk.fileSystem.install(Array(text.utf8), at: "/data/version-2/" + name)
    }

    private func content(_ disk: TestDisk, _ name: String) -> String? {
        disk.fileSystem.content(of: "/data/version-2/" + name)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `missing files are made with the epoch of the last transaction`() throws {
        let disk = try TestDisk()
        let started = try epochs(disk).start(lastZxid: Zxid(0x3_0000_0007))
        #expect(started == EpochFiles.Epochs(accepted: Epoch(3), current: Epoch(3)))
        #expect(content(disk, "currentEpoch") == "3")
        #expect(content(disk, "acceptedEpoch") == "3")
    }

    @Test func `a server without a database starts at epoch 0`() throws {
        let disk = try TestDisk()
        #expect(try !epochs(disk).exist())
        let started = try epochs(disk).start(lastZxid: .none)
        #expect(started == EpochFiles.Epochs(accepted: .zero, current: .zero))
        #expect(try epochs(disk).exist())
    }

    @Test func `what is written is read, also with Apache ZooKeeper's line ends`() throws {
        let disk = try TestDisk()
        try epochs(disk).writeAccepted(Epoch(8))
        try epochs(disk).writeCurrent(Epoch(7))
        #expect(
            try epochs(disk).start(lastZxid: .zero)
                == EpochFiles.Epochs(accepted: Epoch(8), current: Epoch(7)))
        install(disk, "acceptedEpoch", "12\r\nrest")
        #expect(try epochs(disk).start(lastZxid: .zero).accepted == Epoch(12))
    }

    @Test func `an unfinished currentEpoch is adopted when the log is ahead`() throws {
        let disk = try TestDisk()
        install(disk, "acceptedEpoch", "6")
        install(disk, "currentEpoch", "4")
        install(disk, "currentEpoch.tmp", "6")
        let started = try epochs(disk).start(lastZxid: Zxid(0x5_0000_0001))
        #expect(started.current == Epoch(6))
        #expect(content(disk, "currentEpoch") == "6")
    }

    @Test func `history of an accepted epoch is adopted, of any other refused`() throws {
        let disk = try TestDisk()
        install(disk, "acceptedEpoch", "5")
        install(disk, "currentEpoch", "3")
        #expect(
            try epochs(disk).start(lastZxid: Zxid(0x4_0000_0001))
                == EpochFiles.Epochs(accepted: Epoch(5), current: Epoch(4)))
        do throws(StorageError) {
            _ = try epochs(disk).start(lastZxid: Zxid(0x6_0000_0001))
            Issue.record("history of an unknown epoch was accepted")
        } catch {
            #expect(error.code == .refused)
            #expect(error.path == "/data/version-2/currentEpoch")
        }
    }

    @Test func `an accepted epoch below the current one is refused`() throws {
        let disk = try TestDisk()
        install(disk, "acceptedEpoch", "3")
        install(disk, "currentEpoch", "4")
        #expect(throws: StorageError.self) { try epochs(disk).start(lastZxid: .zero) }
    }

    @Test(arguments: ["", "x", "1x", "99999999999", " 3"])
    func `what is no epoch is an error that names the file`(text: String) throws {
        let disk = try TestDisk()
        install(disk, "acceptedEpoch", text)
        do throws(StorageError) {
            _ = try epochs(disk).start(lastZxid: .zero)
            Issue.record("\(text) was taken for an epoch")
        } catch {
            #expect(error.code == .damaged)
            #expect(error.path == "/data/version-2/acceptedEpoch")
        }
    }

    @Test func `a write that fails leaves the old epoch and no unfinished file`() throws {
        for change in 0..<4 {
            let disk = try TestDisk()
            try epochs(disk).writeCurrent(Epoch(3))
            disk.fileSystem.fail(after: change, with: .error(.noSpace))
            #expect(throws: StorageError.self) { try epochs(disk).writeCurrent(Epoch(4)) }
            #expect(content(disk, "currentEpoch") == "3")
            #expect(content(disk, "currentEpoch.tmp") == nil)
        }
    }
}
