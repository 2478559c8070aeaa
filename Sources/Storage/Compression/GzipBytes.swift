/// A file compressed with gzip, as `zookeeper.snapshot.compression.method=gz` writes it.
///
/// The checksum at its end is not computed: the seals within the snapshot cover every byte.
struct GzipBytes: ByteSource {
    private enum State {
        case blockStart
        case stored(left: Int)
        case compressed(literals: HuffmanTable, distances: HuffmanTable)
        case ended
    }

    /// How far back a copy may reach.
    private static let windowSize = 32 << 10
    private static let chunkSize = 256 << 10

    private var bits: BitReader
    private var state = State.blockStart
    private var isLastBlock = false
    /// The last bytes decoded, as later ones may repeat them; new ones are added behind.
    private var output: [UInt8] = []

    init(_ handle: any FileHandle) throws(StorageError) {
        var bytes = FileBytes(handle)
        let header = try bytes.bytes(10)
        guard header[0] == 0x1f, header[1] == 0x8b, header[2] == 8 else {
            throw bytes.failure("does not start as a gzip file")
        }
        let flags = header[3]
        if flags & 4 != 0 {
            let size = try bytes.bytes(2)
            _ = try bytes.bytes(Int(size[0]) | Int(size[1]) << 8)
        }
        // A name and a comment, each ended by a zero.
        for flag: UInt8 in [8, 16] where flags & flag != 0 {
            while try bytes.byte() != 0 {}
        }
        if flags & 2 != 0 { _ = try bytes.bytes(2) }
        self.bits = BitReader(bytes)
    }

    mutating func next() throws(StorageError) -> [UInt8] {
        if output.count > Self.windowSize { output.removeFirst(output.count - Self.windowSize) }
        let start = output.count
        while output.count - start < Self.chunkSize {
            switch state {
            case .ended: return Array(output[start...])
            case .blockStart: try startBlock()
            case .stored(let left): try copyStored(left)
            case .compressed(let literals, let distances): try decode(literals, distances)
            }
        }
        return Array(output[start...])
    }

    private mutating func startBlock() throws(StorageError) {
        if isLastBlock {
            state = .ended
            return
        }
        isLastBlock = try bits.read(1) == 1
        switch try bits.read(2) {
        case 0:
            bits.skipToByte()
            let length = try bits.read(16)
            guard try bits.read(16) == ~length & 0xffff else {
                throw bits.bytes.failure("holds a block with a wrong length")
            }
            state = .stored(left: length)
        case 1: state = .compressed(literals: Self.fixedLiterals, distances: Self.fixedDistances)
        case 2: try readTables()
        default: throw bits.bytes.failure("holds a block of an unknown kind")
        }
    }

    private mutating func copyStored(_ left: Int) throws(StorageError) {
        let count = min(left, 4096)
        for _ in 0..<count { output.append(UInt8(truncatingIfNeeded: try bits.read(8))) }
        state = left == count ? .blockStart : .stored(left: left - count)
    }

    /// Decodes up to the end of the block, or of the chunk.
    private mutating func decode(
        _ literals: HuffmanTable, _ distances: HuffmanTable
    ) throws(StorageError) {
        // Where to stop does not matter to the format: a copy is at most 258 bytes.
        let limit = output.count + Self.chunkSize
        while output.count < limit {
            guard let symbol = try literals.symbol(from: &bits) else { throw wrongCode }
            if symbol < 256 {
                output.append(UInt8(truncatingIfNeeded: symbol))
            } else if symbol == 256 {
                state = .blockStart
                return
            } else {
                try copy(symbol - 257, distances)
            }
        }
    }

    private var wrongCode: StorageError { bits.bytes.failure("holds a code that means nothing") }

    private mutating func copy(_ lengthCode: Int, _ distances: HuffmanTable) throws(StorageError) {
        guard lengthCode < Self.lengths.count else { throw wrongCode }
        let (length, lengthBits) = Self.lengths[lengthCode]
        let count = length + (try bits.read(lengthBits))
        guard let distanceCode = try distances.symbol(from: &bits),
            distanceCode < Self.distances.count
        else { throw wrongCode }
        let (base, distanceBits) = Self.distances[distanceCode]
        let distance = base + (try bits.read(distanceBits))
        guard distance <= output.count else { throw wrongCode }
        // Byte by byte, as a copy may repeat what it writes.
        for _ in 0..<count { output.append(output[output.count - distance]) }
    }

    // MARK: Codes

    /// In which order the lengths of the code for lengths come.
    private static let order = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]

    private mutating func readTables() throws(StorageError) {
        let literalCount = try bits.read(5) + 257
        let distanceCount = try bits.read(5) + 1
        let orderCount = try bits.read(4) + 4
        var lengthLengths = [Int](repeating: 0, count: Self.order.count)
        for position in Self.order.prefix(orderCount) { lengthLengths[position] = try bits.read(3) }
        guard let table = HuffmanTable(lengths: lengthLengths) else { throw wrongCode }
        var lengths: [Int] = []
        while lengths.count < literalCount + distanceCount {
            guard let symbol = try table.symbol(from: &bits) else { throw wrongCode }
            switch symbol {
            case ..<16: lengths.append(symbol)
            case 16:
                guard let last = lengths.last else { throw wrongCode }
                lengths += [Int](repeating: last, count: 3 + (try bits.read(2)))
            case 17: lengths += [Int](repeating: 0, count: 3 + (try bits.read(3)))
            default: lengths += [Int](repeating: 0, count: 11 + (try bits.read(7)))
            }
        }
        guard lengths.count == literalCount + distanceCount,
            let literals = HuffmanTable(lengths: Array(lengths[..<literalCount])),
            let distances = HuffmanTable(lengths: Array(lengths[literalCount...]))
        else { throw wrongCode }
        state = .compressed(literals: literals, distances: distances)
    }

    private static let fixedLiterals = table(
        [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112)
            + [Int](repeating: 7, count: 24) + [Int](repeating: 8, count: 8))
    private static let fixedDistances = table([Int](repeating: 5, count: 30))

    private static func table(_ lengths: [Int]) -> HuffmanTable {
        guard let table = HuffmanTable(lengths: lengths) else {
            preconditionFailure("the fixed code contradicts itself")
        }
        return table
    }

    /// The least length of each code, and how many bits say how much more it is.
    private static let lengths: [(least: Int, bits: Int)] =
        steps(from: 3, [8, 4, 4, 4, 4, 4]) + [(258, 0)]

    /// The least distance of each code, and how many bits say how much more it is.
    private static let distances: [(least: Int, bits: Int)] =
        steps(from: 1, [4] + [Int](repeating: 2, count: 13))

    /// Codes whose extra bits grow by one from group to group.
    private static func steps(from start: Int, _ groups: [Int]) -> [(least: Int, bits: Int)] {
        var result: [(least: Int, bits: Int)] = []
        var least = start
        for (bits, count) in groups.enumerated() {
            for _ in 0..<count {
                result.append((least, bits))
                least += 1 << bits
            }
        }
        return result
    }
}
