/// Compresses with gzip, so that `snapshot.compression.method=gz` means what it does elsewhere.
///
/// Every piece becomes blocks of its own, in the fixed code of deflate, or stored where that would
/// be longer: data that is random or compressed already grows by five bytes in 64 KiB.
struct GzipEncoder {
    /// What stands before the first block: deflate, no name, no time, an unknown system.
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
    private static let storedSizeMax = 0xffff
    private static let endOfBlock = 256

    private var bits = BitWriter()
    private var checksum = CRC32()
    private var size: UInt32 = 0
    private let literals = FixedCode.literals
    private let distances = FixedCode.distances

    init() { bits.bytes = GzipEncoder.header }

    /// Takes the next piece, and gives what can be written already.
    mutating func encode(_ piece: [UInt8]) -> [UInt8] {
        if piece.isEmpty { return bits.take() }
        checksum.update(piece)
        size &+= UInt32(truncatingIfNeeded: piece.count)
        let before = bits
        addCompressed(piece)
        if bits.bytes.count - before.bytes.count > piece.count {
            bits = before
            addStored(piece)
        }
        return bits.take()
    }

    /// Ends the stream, and gives what is left to be written.
    mutating func finish() -> [UInt8] {
        // An empty block that says it is the last.
        bits.write(1, 1)
        bits.write(1, 2)
        writeLiteral(GzipEncoder.endOfBlock)
        bits.fillByte()
        bits.writeNumber(checksum.value)
        bits.writeNumber(size)
        return bits.take()
    }

    private mutating func addStored(_ piece: [UInt8]) {
        var rest = piece[...]
        while !rest.isEmpty {
            let block = rest.prefix(GzipEncoder.storedSizeMax)
            rest = rest.dropFirst(block.count)
            bits.write(0, 3)
            bits.fillByte()
            let count = UInt32(block.count)
            bits.writeNumber(count | ~count << 16)
            bits.bytes += block
        }
    }

    private mutating func addCompressed(_ piece: [UInt8]) {
        bits.write(0, 1)
        bits.write(1, 2)
        var index = 0
        for step in RepeatFinder.steps(of: piece) {
            for byte in piece[index..<(index + step.literalCount)] { writeLiteral(Int(byte)) }
            index += step.literalCount + step.copyLength
            var left = step.copyLength
            while left > 0 {
                let length = GzipEncoder.part(of: left)
                writeCopy(length, step.distance)
                left -= length
            }
        }
        writeLiteral(GzipEncoder.endOfBlock)
    }

    /// A copy is of 3 to 258 bytes: how much of one that may be longer is done first.
    private static func part(of length: Int) -> Int {
        if length <= 258 { return length }
        return length - 258 >= 3 ? 258 : length - 3
    }

    private mutating func writeLiteral(_ symbol: Int) {
        bits.write(literals[symbol].bits, literals[symbol].count)
    }

    private mutating func writeCopy(_ length: Int, _ distance: Int) {
        let over = length - 3
        if length == 258 {
            writeLiteral(285)
        } else if over < 8 {
            writeLiteral(257 + over)
        } else {
            // Four codes for each power of two, told apart by the two bits behind the highest.
            let extra = GzipEncoder.highestBit(over) - 2
            writeLiteral(257 + 4 * (extra + 1) + (over >> extra & 3))
            bits.write(UInt32(over & (1 << extra - 1)), extra)
        }
        let back = distance - 1
        if back < 4 {
            bits.write(distances[back].bits, distances[back].count)
        } else {
            let extra = GzipEncoder.highestBit(back) - 1
            let code = distances[2 * (extra + 1) + (back >> extra & 1)]
            bits.write(code.bits, code.count)
            bits.write(UInt32(back & (1 << extra - 1)), extra)
        }
    }

    private static func highestBit(_ number: Int) -> Int {
        Int.bitWidth - 1 - number.leadingZeroBitCount
    }
}

/// The code that every reader of deflate knows without being told.
private struct FixedCode {
    /// The first bit that is written is the lowest.
    var bits: UInt32
    var count: Int

    private init(_ code: UInt32, _ count: Int) {
        var reversed: UInt32 = 0
        for place in 0..<count where code >> UInt32(place) & 1 == 1 {
            reversed |= 1 << UInt32(count - 1 - place)
        }
        self.bits = reversed
        self.count = count
    }

    static let literals: [FixedCode] =
        (0..<144).map { FixedCode(0x30 + $0, 8) } + (0..<112).map { FixedCode(0x190 + $0, 9) }
        + (0..<24).map { FixedCode($0, 7) } + (0..<8).map { FixedCode(0xc0 + $0, 8) }
    static let distances = (0..<30).map { FixedCode($0, 5) }
}

/// Bits into bytes, the lowest of each byte first.
private struct BitWriter {
    var bytes: [UInt8] = []
    private var held: UInt64 = 0
    private var heldCount = 0

    mutating func write(_ value: UInt32, _ count: Int) {
        held |= UInt64(value) << UInt64(heldCount)
        heldCount += count
        while heldCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            heldCount -= 8
        }
    }

    /// Fills the byte that was begun, with zeros.
    mutating func fillByte() {
        if heldCount > 0 { write(0, 8 - heldCount) }
    }

    /// Four bytes, the lowest first; at the beginning of a byte.
    mutating func writeNumber(_ number: UInt32) {
        write(number & 0xffff, 16)
        write(number >> 16, 16)
    }

    /// The whole bytes so far.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }
}

/// The checksum of gzip.
struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1
        }
    }

    private var state: UInt32 = .max

    var value: UInt32 { ~state }

    mutating func update(_ bytes: [UInt8]) {
        let table = CRC32.table
        var state = state
        for byte in bytes {
            state = table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ state >> 8
        }
        self.state = state
    }
}
