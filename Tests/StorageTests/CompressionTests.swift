import Jute
import Records
import Simulation
import Testing

@testable import Storage

/// Compressed snapshots, as Apache ZooKeeper writes them.
struct CompressionTests {
    static func bytes(_ hex: String) -> [UInt8] {
        var result: [UInt8] = []
        var half: UInt8?
        for digit in hex.utf8 {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { continue }
            if let high = half {
                result.append(high << 4 | UInt8(value))
                half = nil
            } else {
                half = UInt8(value)
            }
        }
        return result
    }

    /// The empty database, written with `zookeeper.snapshot.compression.method=gz`.
    static let gzip = bytes(
        """
        1f8b08000000000000ff8bf20ef663606060fa0f050c10c08844c3306b797e514e0a90c1969857999f970a55
        c280a6955cc0a55f959f9f9d9a5a905a4445530511a6ea27e7e7a565a6234932e2d4860670384400c9f0c2d2
        fc92442a3a9c511f44ee5864ed09e7400113b2b2a93b6d23c10a00a6d83ce5c9010000
        """)
    static let snappy = bytes(
        """
        82534e415050590000000001000000010000009ec903205a4b534e00000002ff0d0100000901000109070508
        010c01043c05776f726c6400000006616e796f6e650d2300000d3a113bde0100280a2f7a6f6f6b6565706572
        0143fe56000d5600111956182f636f6e666967015d0d0101d6920100018d4a290000101d5d1071756f746101
        24012c0101010cea01002c012f00000000b8a23b4900000d0d0d0100020d0834000000000095b93d59000000
        012f
        """)

    private func read(_ bytes: [UInt8], _ suffix: String) throws -> (SnapshotItems, Bool) {
        let disk = try TestDisk()
        let directory = disk.directories.snapshots
        let file = try #require(DataFile(.snapshot, named: "snapshot.0.\(suffix)", in: directory))
        disk.fileSystem.install(bytes, at: file.path)
        var items = SnapshotItems()
        _ = try SnapshotFileReader.read(file, in: disk.fileSystem, into: &items)
        return (items, try SnapshotProbe.isPlausible(file, in: disk.fileSystem))
    }

    @Test(arguments: [("gz", gzip), ("snappy", snappy)])
    func `a snapshot of Apache ZooKeeper is read`(suffix: String, bytes: [UInt8]) throws {
        let (items, isPlausible) = try read(bytes, suffix)
        #expect(items.items == TestDatabase.emptyItems)
        #expect(isPlausible)
    }

    @Test func `a server starts from one`() throws {
        let disk = try TestDisk()
        disk.fileSystem.install(Self.gzip, at: "/data/version-2/snapshot.0.gz")
        try disk.writeLog(1...4)
        let (database, report) = try disk.recover()
        #expect(database.snapshot.items == TestDatabase.emptyItems)
        #expect(report.lastZxid == Zxid(4))
    }

    @Test(arguments: [("gz", gzip), ("snappy", snappy)])
    func `a wrong or missing byte is an error and never a trap`(
        suffix: String, bytes: [UInt8]
    ) throws {
        for position in bytes.indices {
            for mask: UInt8 in [1, 0x80, 0xff] {
                var broken = bytes
                broken[position] ^= mask
                // Some bytes mean nothing to the content: times, flags, the checksum at the end.
                if let (items, _) = try? read(broken, suffix) {
                    #expect(items.items == TestDatabase.emptyItems)
                }
            }
            if position < bytes.count - 8 {
                #expect(throws: StorageError.self) {
                    try read(Array(bytes[..<position]), suffix)
                }
            }
        }
    }

    private func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
        let fileSystem = SimulatedFileSystem()
        fileSystem.install(bytes, at: "/d/f")
        var source = try GzipBytes(fileSystem.open("/d/f", .read))
        var result: [UInt8] = []
        while true {
            let chunk = try source.next()
            if chunk.isEmpty { return result }
            result += chunk
        }
    }

    private func lines(_ count: Int) -> [UInt8] {
        (0..<count).flatMap { Array("line \($0 * $0 % 97) of the data\n".utf8) }
    }

    @Test func `blocks with their own code are decoded`() throws {
        let compressed = Self.bytes(
            """
            1f8b0800000000000203edd5316ec4300c44d13ea7f01162cb96e5e32c905d24c02269f6fe0852eb152c
            524e4b88e26844f23fbfbeefcbfbf2f3585e9ff7e5e3f6babd3dff42eb1cdae7d085c43ec7b6638e359c
            db715f47d901750d6591ba9f73ecdc908b0aa8da71eed26b21ef94edb8ef40ee25f7f441fa47dd87dc03
            fa062cc07337b83c907ba0ec060b861a434d002d2bce0dd8d765293437e85be50b5c86f303924f3cf7d4
            b9568c156b488b34f79a03724a8eca79fdd05afc7175863a489da68e54e7aac33509a336579a3fcee95a
            9cfb5edb23da37da4bda5fda73bdb837b7da16d6b6d6566f35468825624e2b324cacbb4ae084b8403810
            0e8403e14038100e8403e14038100e8403e14038100e8403e14038100e8403e14038100e84ff09c2bfc2
            d619cdff1e0000
            """)
        #expect(try inflate(compressed) == lines(400))
    }

    @Test func `blocks with the fixed code, and stored ones, are decoded`() throws {
        let fixed = Self.bytes(
            """
            1f8b0800000000000203cbc9cc4b553050c84f5328c9485548492c49e4ca010919620a99600a5962d16886
            2966648a29668c459d0916f3ccb0586b81c575c658acc5a2d5c41c53ccdc088b5e2c3600004914694d2c01
            0000
            """)
        #expect(try inflate(fixed) == Array(lines(20).prefix(300)))
        let stored = Self.bytes(
            """
            1f8b0800000000000403013c00c3ff6c696e652030206f662074686520646174610a6c696e652031206f66
            2074686520646174610a6c696e652034206f662074686520646174610a6c696e203004b23c000000
            """)
        #expect(try inflate(stored) == Array(lines(4).prefix(60)))
    }

    @Test func `copies of every form are decoded, wrong ones refused`() {
        // 10 bytes: "abcd", 4 from 4 back, 2 from 1 back.
        #expect(
            SnappyBytes.decode([10, 3 << 2, 97, 98, 99, 100, 0x01, 4, 1 << 2 | 2, 1, 0])
                == Array("abcdabcddd".utf8))
        let far: [UInt8] = [8, 3 << 2, 97, 98, 99, 100, 3 << 2 | 3, 4, 0, 0, 0]
        #expect(SnappyBytes.decode(far) == Array("abcdabcd".utf8))
        let long = [0x80, 1, 60 << 2, 127] + [UInt8](repeating: 7, count: 128)
        #expect(SnappyBytes.decode(long) == [UInt8](repeating: 7, count: 128))
        for wrong: [UInt8] in [
            [], [0x80], [4, 3 << 2, 97], [4, 0x01, 1], [8, 3 << 2, 97, 98, 99, 100, 0x01, 5],
            [8, 3 << 2, 97, 98, 99, 100, 0x01, 0], [3, 3 << 2, 97, 98, 99, 100], [9, 0, 97],
            [255, 255, 255, 255, 255, 1, 0], [5, 63 << 2, 255, 255, 255, 255, 1],
        ] {
            #expect(SnappyBytes.decode(wrong) == nil)
        }
    }
}

/// Snapshots that we compress, and what comes of any bytes.
struct CompressingTests {
    private func write(
        _ pieces: [[UInt8]], _ compression: SnapshotCompression, _ disk: TestDisk
    ) throws -> DataFile {
        var writer = try SnapshotFileWriter(
            Zxid(7), in: disk.directories.snapshots, of: disk.fileSystem, compression: compression)
        for piece in pieces { try writer.append(piece) }
        return try writer.finish(
            SnapshotTrailer(digest: SnapshotDigest(zxid: Zxid(7), digest: 9), lastZxid: Zxid(8)))
    }

    @Test(arguments: SnapshotCompression.allCases)
    func `a server starts from a snapshot that it has compressed`(
        compression: SnapshotCompression
    ) throws {
        let disk = try TestDisk()
        let body = SnapshotItem.encodeBody(TestDatabase.emptyItems)
        let file = try write([body], compression, disk)
        #expect(file.name == "snapshot.7.\(compression.rawValue)")
        #expect(try SnapshotProbe.isPlausible(file, in: disk.fileSystem))
        let (database, report) = try disk.recover()
        #expect(database.snapshot.items == TestDatabase.emptyItems)
        #expect(report.lastZxid == Zxid(7))
    }

    /// Bytes that repeat themselves not at all, somewhat, far back, and beyond every limit.
    private static func pieces(_ seed: UInt64) -> [[UInt8]] {
        var random = SeededGenerator(seed: seed)
        return (0..<Int.random(in: 1...4, using: &random)).map { _ in
            var piece: [UInt8] = []
            while piece.count < [0, 40, 3000, 90_000].randomElement(using: &random) ?? 0 {
                let count = Int.random(in: 1...700, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    piece += [UInt8](repeating: .random(in: 0...255, using: &random), count: count)
                case 1 where !piece.isEmpty:
                    let start = Int.random(in: piece.indices, using: &random)
                    piece += piece[start..<min(start + count, piece.count)]
                default:
                    piece += (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                }
            }
            return piece
        }
    }

    private func decode(_ bytes: [UInt8], _ compression: SnapshotCompression) throws -> [UInt8] {
        let disk = try TestDisk()
        disk.fileSystem.install(bytes, at: "/data/version-2/snapshot.1")
        let handle = try disk.fileSystem.open("/data/version-2/snapshot.1", .read)
        var source: any ByteSource
        switch compression {
        case .gzip: source = try GzipBytes(handle)
        case .snappy: source = try SnappyBytes(handle)
        }
        var result: [UInt8] = []
        while case let next = try source.next(), !next.isEmpty { result += next }
        return result
    }

    @Test(arguments: SnapshotCompression.allCases, 1...12 as ClosedRange<UInt64>)
    func `what is compressed comes out as it was, and is hardly ever longer`(
        compression: SnapshotCompression, seed: UInt64
    ) throws {
        let pieces = Self.pieces(seed)
        var encoder = SnapshotEncoder(compression)
        var encoded: [UInt8] = []
        for piece in pieces { encoded += encoder.encode(piece.rawSpan) ?? piece }
        encoded += encoder.finish()
        let whole = Array(pieces.joined())
        #expect(try decode(encoded, compression) == whole)
        #expect(encoded.count <= whole.count + whole.count / 500 + 80)
    }

    @Test func `what repeats itself gets short`() throws {
        let text = Array(
            (0..<2000).flatMap { Array("/brokers/topics/topic-\($0 % 37)/partitions".utf8) })
        for compression in SnapshotCompression.allCases {
            var encoder = SnapshotEncoder(compression)
            let encoded = (encoder.encode(text.rawSpan) ?? []) + encoder.finish()
            #expect(encoded.count * 8 < text.count)
            #expect(try decode(encoded, compression) == text)
        }
    }

    @Test func `the checksum is the one of gzip`() {
        var checksum = CRC32()
        checksum.update(Array("1234".utf8))
        checksum.update(Array("56789".utf8))
        #expect(checksum.value == 0xcbf4_3926)
    }
}
