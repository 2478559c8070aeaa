import Jute
import Records
import Simulation
import Storage
import Testing

/// Snapshot files, byte for byte and broken anywhere.
struct SnapshotFileTests {
    private func write(
        _ items: [SnapshotItem], _ trailer: SnapshotTrailer, _ disk: TestDisk, zxid: Zxid = .zero
    ) throws -> DataFile {
        var writer = try SnapshotFileWriter(
            zxid, in: disk.directories.snapshots, of: disk.fileSystem)
        let body = SnapshotItem.encodeBody(items)
        for start in stride(from: 0, to: body.count, by: 7) {
            try writer.append(Array(body[start..<min(start + 7, body.count)]))
        }
        return try writer.finish(trailer)
    }

    private func read(
        _ file: DataFile, _ disk: TestDisk
    ) throws(StorageError) -> (SnapshotItems, SnapshotTrailer) {
        var items = SnapshotItems()
        let trailer = try SnapshotFileReader.read(file, in: disk.fileSystem, into: &items)
        return (items, trailer)
    }

    static let whole = SnapshotTrailer(
        digest: SnapshotDigest(zxid: .zero, digest: 0), lastZxid: .zero)

    @Test func `the empty database is the 478 bytes of Apache ZooKeeper`() throws {
        let disk = try TestDisk()
        let file = try write(TestDatabase.emptyItems, Self.whole, disk)
        #expect(file.path == "/data/version-2/snapshot.0")
        let content = try #require(disk.fileSystem.content(of: file.path))
        #expect(content.count == 478)
        #expect(
            Array(content[..<16]) == [
                0x5a, 0x4b, 0x53, 0x4e, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255,
            ])
        let end: [UInt8] = [0, 0, 0, 1, 0x2f]
        #expect(Array(content[406..<411]) == end)
        #expect(Array(content[411..<424]) == [0, 0, 0, 0, 0xb8, 0xa2, 0x3b, 0x49] + end)
        #expect(Array(content[444..<457]) == [0, 0, 0, 0, 0x95, 0xb9, 0x3d, 0x59] + end)
        #expect(Array(content[465..<478]) == [0, 0, 0, 0, 0xbd, 0xe8, 0x3f, 0x6d] + end)
    }

    @Test(arguments: [
        SnapshotTrailer(digest: nil, lastZxid: nil),
        SnapshotTrailer(digest: SnapshotDigest(zxid: Zxid(3), digest: 77), lastZxid: nil),
        SnapshotTrailer(digest: nil, lastZxid: Zxid(9)),
        SnapshotTrailer(digest: SnapshotDigest(zxid: Zxid(3), digest: .max), lastZxid: Zxid(9)),
    ])
    func `each part behind the body may be missing`(trailer: SnapshotTrailer) throws {
        let disk = try TestDisk()
        let file = try write(TestDatabase.emptyItems, trailer, disk)
        let (items, found) = try read(file, disk)
        #expect(items.items == TestDatabase.emptyItems)
        #expect(found == trailer)
    }

    @Test func `a snapshot larger than every buffer reads back`() throws {
        let disk = try TestDisk()
        var items: [SnapshotItem] = [.znode("", data: nil, aclIndex: -1, StatPersisted())]
        for number in 0..<400 {
            let data = [UInt8](repeating: UInt8(number & 0xff), count: number * 17)
            items.append(
                .znode(Path("/z\(number)"), data: data, aclIndex: -1, StatPersisted()))
        }
        items.append(
            .znode(
                "/large", data: Array(repeating: 7, count: 900_000), aclIndex: -1,
                StatPersisted()))
        items.append(.end)
        let file = try write(items, Self.whole, disk, zxid: Zxid(0x1f))
        #expect(file.name == "snapshot.1f")
        let (found, trailer) = try read(file, disk)
        #expect(found.items == items)
        #expect(trailer == Self.whole)
    }

    @Test func `a wrong byte anywhere behind the header's magic is found`() throws {
        let disk = try TestDisk()
        let file = try write(TestDatabase.emptyItems, Self.whole, disk)
        for position in 0..<478 as Range<Int64> {
            disk.fileSystem.damage(file.path, at: position, xor: 0x40)
            #expect(throws: StorageError.self) { try read(file, disk) }
            disk.fileSystem.damage(file.path, at: position, xor: 0x40)
        }
        #expect(try read(file, disk).1 == Self.whole)
    }

    @Test func `a file that ends early is found, unless a part behind the body is missing`() throws
    {
        let disk = try TestDisk()
        let file = try write(TestDatabase.emptyItems, Self.whole, disk)
        let content = try #require(disk.fileSystem.content(of: file.path))
        for size in 0..<478 where size != 424 && size != 457 {
            disk.fileSystem.install(Array(content[..<size]), at: file.path)
            #expect(throws: StorageError.self) { try read(file, disk) }
        }
        disk.fileSystem.install(Array(content[..<424]), at: file.path)
        #expect(try read(file, disk).1 == SnapshotTrailer(digest: nil, lastZxid: nil))
        disk.fileSystem.install(content + [0], at: file.path)
        #expect(throws: StorageError.self) { try read(file, disk) }
    }

    @Test func `the textual digest of the first releases with one is read`() throws {
        let disk = try TestDisk()
        var bytes = JuteWriter()
        bytes.writeInt32(0x5a4b_534e)
        bytes.writeInt32(2)
        bytes.writeInt64(-1)
        bytes.writeBytes(SnapshotItem.encodeBody(TestDatabase.emptyItems))
        func seal(_ writer: inout JuteWriter) {
            let sum = Adler32.checksum(writer.bytes)
            writer.writeInt64(Int64(sum))
            writer.writeString("/")
        }
        seal(&bytes)
        bytes.writeInt64(5)
        bytes.writeInt32(1)
        bytes.writeString("51c6d660")
        seal(&bytes)
        let file = DataFile(.snapshot, Zxid(5), in: disk.directories.snapshots)
        disk.fileSystem.install(bytes.copyBytes(), at: file.path)
        let digest = try read(file, disk).1.digest
        #expect(digest == SnapshotDigest(zxid: Zxid(5), version: 1, digest: 0x51c6_d660))
    }

    @Test func `an unfinished snapshot has no name that counts, and an abandoned one none`() throws
    {
        let disk = try TestDisk()
        var writer = try SnapshotFileWriter(
            Zxid(3), in: disk.directories.snapshots, of: disk.fileSystem)
        try writer.append([UInt8](repeating: 1, count: 1 << 20))
        let names = try disk.names(disk.directories.snapshots)
        #expect(names.count == 1)
        #expect(!names[0].hasPrefix("snapshot."))
        #expect(
            try DataFile.list(.snapshot, in: disk.directories.snapshots, of: disk.fileSystem)
                .isEmpty)
        writer.abandon()
        #expect(try disk.names(disk.directories.snapshots).isEmpty)
    }

    @Test func `a failed write leaves the older snapshot of that name alone`() throws {
        for change in 0..<6 {
            let disk = try TestDisk()
            let file = try write(TestDatabase.emptyItems, Self.whole, disk)
            disk.fileSystem.fail(after: change, with: .error(.noSpace))
            let failed = try? write(
                [.znode("", data: nil, aclIndex: -1, StatPersisted())],
                Self.whole, disk)
            if failed != nil { break }
            #expect(change < 6)
            let items = try? read(file, disk).0.items
            #expect(items == TestDatabase.emptyItems || change == 5)
        }
    }
}
