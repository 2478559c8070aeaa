import Jute
import Records
import Storage
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The same promises on the real file system, as far as a test can see them.
struct POSIXFileSystemTests {
    /// A directory of the test's own, removed behind it.
    private final class Scratch {
        let path: String
        let fileSystem = POSIXFileSystem()

        init() throws {
            let random = UInt64.random(in: 0...UInt64.max)
            path = "/tmp/aviary-storage-\(getpid())-\(String(random, radix: 16))"
            try fileSystem.makeDirectory(path)
        }

        deinit { Self.removeAll(path, fileSystem) }

        private static func removeAll(_ path: String, _ fileSystem: POSIXFileSystem) {
            for name in (try? fileSystem.list(path)) ?? [] {
                let child = path + "/" + name
                if (try? fileSystem.remove(child)) == nil { removeAll(child, fileSystem) }
            }
            _ = unsafe rmdir(path)
        }
    }

    @Test func `bytes are written and read at their places`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/file"
        let file = try scratch.fileSystem.open(path, .replace)
        try file.write(Array("hello".utf8).rawSpan, at: 3)
        try file.sync()
        #expect(try file.size() == 8)
        #expect(try file.read(at: 0, count: 100) == [0, 0, 0] + Array("hello".utf8))
        #expect(try file.read(at: 6, count: 1) == Array("l".utf8))
        #expect(try file.read(at: 8, count: 5).isEmpty)
        #expect(try file.read(at: 80, count: 5).isEmpty)
        try file.truncate(to: 5)
        #expect(try scratch.fileSystem.size(of: path) == 5)
        #expect(file.path == path)
        _ = try scratch.fileSystem.open(path, .replace)
        #expect(try scratch.fileSystem.size(of: path) == 0)
    }

    @Test func `names are listed in order, renamed and removed`() throws {
        let scratch = try Scratch()
        let fileSystem = scratch.fileSystem
        for name in ["b", "a", "c"] { _ = try fileSystem.open(scratch.path + "/" + name, .replace) }
        #expect(try fileSystem.list(scratch.path) == ["a", "b", "c"])
        try fileSystem.rename(scratch.path + "/a", to: scratch.path + "/b")
        try fileSystem.remove(scratch.path + "/c")
        try fileSystem.syncDirectory(scratch.path)
        #expect(try fileSystem.list(scratch.path) == ["b"])
        #expect(try fileSystem.exists(scratch.path + "/b"))
        #expect(try !fileSystem.exists(scratch.path + "/a"))
        #expect(try fileSystem.freeSpace(at: scratch.path) > 0)
    }

    @Test func `directories are made with those above them, and again`() throws {
        let scratch = try Scratch()
        try scratch.fileSystem.makeDirectory(scratch.path + "/x/y/z")
        try scratch.fileSystem.makeDirectory(scratch.path + "/x/y/z")
        #expect(try scratch.fileSystem.list(scratch.path + "/x/y") == ["z"])
    }

    @Test func `errors name the file and what kind they are`() throws {
        let scratch = try Scratch()
        do throws(StorageError) {
            _ = try scratch.fileSystem.open(scratch.path + "/missing", .read)
            Issue.record("a missing file was opened")
        } catch {
            #expect(error.code == .notFound)
            #expect(error.path == scratch.path + "/missing")
            #expect(error.description.contains("No such file"))
        }
        #expect(throws: StorageError.self) { try scratch.fileSystem.list(scratch.path + "/no") }
        #expect(throws: StorageError.self) { try scratch.fileSystem.remove(scratch.path + "/no") }
        #expect(throws: StorageError.self) { try scratch.fileSystem.size(of: scratch.path + "/no") }
    }

    @Test func `a small file is replaced whole and leaves nothing beside it`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/epoch"
        #expect(try AtomicFile.read(path, in: scratch.fileSystem) == nil)
        try AtomicFile.write(Array("1".utf8), to: path, in: scratch.fileSystem)
        try AtomicFile.write(Array("22".utf8), to: path, in: scratch.fileSystem)
        #expect(try AtomicFile.read(path, in: scratch.fileSystem) == Array("22".utf8))
        #expect(try scratch.fileSystem.list(scratch.path) == ["epoch"])
    }

    @Test func `a history belongs to one server at a time`() throws {
        let scratch = try Scratch()
        let directories = DataDirectories(
            data: scratch.path + "/data", dataLog: scratch.path + "/log")
        var lock: DirectoryLock? = try directories.prepareAlone(in: scratch.fileSystem)
        let other = DataDirectories(data: scratch.path + "/other", dataLog: scratch.path + "/log")
        do throws(StorageError) {
            _ = try other.prepareAlone(in: scratch.fileSystem)
            Issue.record("two servers share a log directory")
        } catch {
            #expect(error.code == .refused)
            #expect(error.path == scratch.path + "/log/version-2")
        }
        #expect(lock != nil)
        lock = nil
        _ = try other.prepareAlone(in: scratch.fileSystem)
    }

    @Test func `a server's life on a real disk is found again`() throws {
        let scratch = try Scratch()
        let directories = DataDirectories(data: scratch.path + "/data")
        try directories.prepare(in: scratch.fileSystem)
        var first = TestDatabase()
        _ = try Recovery.run(directories, in: scratch.fileSystem, into: &first)
        var log = TransactionLog(in: directories.logs, of: scratch.fileSystem)
        for zxid in zxids(1...50) {
            log.append(entry(zxid))
            try log.commit()
            try log.prepareAhead()
        }
        var database = TestDatabase()
        let report = try Recovery.run(directories, in: scratch.fileSystem, into: &database)
        #expect(database.replayed == zxids(1...50))
        #expect(report.snapshotZxid == .zero)
        #expect(report.repairs.isEmpty)
    }

    @Test func `a file of the kernel's is read whole, and none is nil`() throws {
        #expect(KernelFile.text("/nowhere") == nil)
        #expect(KernelFile.lines("/nowhere") == [])
        // An ordinary file too, longer than one read.
        let scratch = try Scratch()
        let lines = (0..<20_000).map { "line \($0)" }
        let path = scratch.path + "/long"
        try AtomicFile.write(
            Array(lines.joined(separator: "\n").utf8), to: path, in: scratch.fileSystem)
        #expect(KernelFile.lines(path) == lines.map { $0[...] })
        #if os(Linux)
            #expect(
                KernelFile.lines("/proc/self/status").contains { $0.hasPrefix("Pid:\t\(getpid())") }
            )
        #endif
    }
}
