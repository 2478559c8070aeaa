/// A canonical Huffman code, as deflate describes one: by the length of each symbol's code.
///
/// Codes of one length are consecutive numbers in the order of their symbols, and each length
/// begins where the shorter one ended, shifted. So a code is found by counting, bit by bit.
struct HuffmanTable {
    private static let lengthMax = 15

    /// How many codes there are of each length.
    private var counts = [Int](repeating: 0, count: HuffmanTable.lengthMax + 1)
    /// The symbols in the order of their codes.
    private var symbols: [Int] = []

    /// The code with these lengths, 0 for a symbol without one; nil if they contradict each other.
    init?(lengths: [Int]) {
        for length in lengths where length > 0 {
            guard length <= Self.lengthMax else { return nil }
            counts[length] += 1
        }
        var room = 1
        for count in counts.dropFirst() {
            room = room * 2 - count
            if room < 0 { return nil }
        }
        for length in 1...Self.lengthMax where counts[length] > 0 {
            symbols += lengths.indices.filter { lengths[$0] == length }
        }
    }

    /// The next symbol; nil if no code starts with the bits that come.
    func symbol(from bits: inout BitReader) throws(StorageError) -> Int? {
        var code = 0
        var first = 0
        var index = 0
        for count in counts.dropFirst() {
            code = code << 1 | (try bits.read(1))
            if code - first < count { return symbols[index + code - first] }
            index += count
            first = (first + count) << 1
        }
        return nil
    }
}

/// Bits from a file, the lowest of each byte first.
struct BitReader {
    private(set) var bytes: FileBytes
    private var held: UInt32 = 0
    private var heldCount = 0

    init(_ bytes: FileBytes) { self.bytes = bytes }

    /// A number of up to 16 bits.
    mutating func read(_ count: Int) throws(StorageError) -> Int {
        while heldCount < count {
            held |= UInt32(try bytes.byte()) << UInt32(heldCount)
            heldCount += 8
        }
        let value = held & (1 << UInt32(count) - 1)
        held >>= UInt32(count)
        heldCount -= count
        return Int(value)
    }

    /// Passes over the bits up to the next whole byte.
    mutating func skipToByte() {
        held >>= UInt32(heldCount % 8)
        heldCount -= heldCount % 8
    }
}
