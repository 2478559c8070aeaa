/// Cuts a piece of bytes into what is new and what has stood there before, for deflate and snappy.
///
/// One pass, and a single candidate for each place: the last one whose next four bytes have the same
/// hash. A snapshot repeats itself often and nearby (parents' paths, times, versions), so that looking
/// further would cost much and gain little.
enum RepeatFinder {
    /// Bytes as they are, and then a copy of earlier ones.
    struct Step: Equatable {
        var literalCount: Int
        /// 0 behind the last literals.
        var copyLength: Int
        /// How far back what is copied begins; a copy may go on into what it writes.
        var distance: Int
    }

    /// How far back a copy may reach, in both formats.
    static let distanceMax = 32 << 10
    /// A shorter copy is not worth its code.
    static let copyLengthMin = 4
    private static let hashBits: UInt32 = 15

    static func steps(of bytes: [UInt8]) -> [Step] {
        var steps: [Step] = []
        var lastPlaces = [Int32](repeating: -1, count: 1 << Int(hashBits))
        var literalStart = 0
        var index = 0
        while index + copyLengthMin <= bytes.count {
            let slot = hash(bytes, index)
            let candidate = Int(lastPlaces[slot])
            lastPlaces[slot] = Int32(truncatingIfNeeded: index)
            let length =
                candidate >= 0 && index - candidate <= distanceMax
                ? commonLength(bytes, candidate, index) : 0
            guard length >= copyLengthMin else {
                index += 1
                continue
            }
            steps.append(
                Step(
                    literalCount: index - literalStart, copyLength: length,
                    distance: index - candidate))
            index += length
            literalStart = index
        }
        if literalStart < bytes.count {
            steps.append(
                Step(literalCount: bytes.count - literalStart, copyLength: 0, distance: 0))
        }
        return steps
    }

    private static func hash(_ bytes: [UInt8], _ index: Int) -> Int {
        let word =
            UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
            | UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24
        return Int((word &* 0x9e37_79b1) >> (32 - hashBits))
    }

    private static func commonLength(_ bytes: [UInt8], _ earlier: Int, _ later: Int) -> Int {
        var length = 0
        while later + length < bytes.count, bytes[earlier + length] == bytes[later + length] {
            length += 1
        }
        return length
    }
}
