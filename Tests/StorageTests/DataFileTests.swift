import Records
import Simulation
import Storage
import Testing

/// Which names count, and in which order.
struct DataFileTests {
    @Test func `a name counts if its second part is a number`() {
        func zxid(_ name: String, _ kind: DataFile.Kind = .log) -> Zxid? {
            DataFile(kind, named: name, in: "/d")?.zxid
        }
        #expect(zxid("log.1f") == Zxid(0x1f))
        #expect(zxid("log.100000001") == Zxid(0x1_0000_0001))
        #expect(zxid("snapshot.1f.tmp", .snapshot) == Zxid(0x1f))
        #expect(zxid("log.ffffffffffffffff") == Zxid(-1))
        for name in ["log", "log.", "log.x", "log.+1", "logs.1", "log.1ffffffffffffffff", ".log.1"]
        {
            #expect(zxid(name) == nil)
        }
    }

    @Test func `files are ordered by number, not by name`() throws {
        let disk = try TestDisk()
        for name in ["log.10", "log.9", "log.a", "log.100000000", "other"] {
            disk.fileSystem.install([], at: "/log/version-2/" + name)
        }
        let files = try DataFile.list(.log, in: "/log/version-2", of: disk.fileSystem)
        #expect(files.map(\.name) == ["log.9", "log.a", "log.10", "log.100000000"])
    }

    @Test func `files in the wrong directory stop the start`() throws {
        let disk = try TestDisk()
        disk.fileSystem.install([], at: "/data/version-2/log.1")
        do throws(StorageError) {
            try disk.directories.prepare(in: disk.fileSystem)
            Issue.record("a stray log was passed over")
        } catch {
            #expect(error.code == .refused)
            #expect(error.path == "/data/version-2/log.1")
            #expect(error.advice.contains("/log/version-2"))
        }
        // In one common directory nothing is stray.
        try DataDirectories(data: "/data").prepare(in: disk.fileSystem)
    }

    @Test func `missing directories are made only if that is allowed`() throws {
        let fileSystem = SimulatedFileSystem()
        let directories = DataDirectories(data: "/a/b", dataLog: "/c")
        #expect(throws: StorageError.self) {
            try directories.prepare(in: fileSystem, isCreating: false)
        }
        try directories.prepare(in: fileSystem)
        #expect(try fileSystem.exists("/a/b/version-2"))
        #expect(try fileSystem.exists("/c/version-2"))
    }
}
