import Records
import Simulation

/// Makes inputs out of others, in the ways in which bytes go wrong: changed, torn, repeated,
/// mixed, with lengths that lie.
struct Mutator {
    private static let sizeMax = 16 << 10
    /// Lengths and counts that decoders stumble over.
    private static let numbers: [UInt32] = [
        0, 1, 2, 3, 4, 8, 16, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0xf_ffff,
        0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
    ]

    var random: SeededGenerator

    /// One to eight changes of `input`; `others` lend their parts.
    mutating func mutate(_ input: [UInt8], with others: [[UInt8]]) -> [UInt8] {
        var bytes = input
        for _ in 0..<(1 << random.below(4)) { change(&bytes, others) }
        return bytes.count > Mutator.sizeMax ? Array(bytes.prefix(Mutator.sizeMax)) : bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
        guard !bytes.isEmpty else {
            bytes = others.randomElement(using: &random) ?? [0]
            return
        }
        let at = random.below(bytes.count)
        switch random.below(9) {
        case 0: bytes[at] ^= UInt8(1 << random.below(8))
        case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 2, 3: putNumber(in: &bytes, at: at)
        case 4: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(16)))
        case 5: bytes.insert(contentsOf: piece(of: bytes), at: at)
        case 6:
            bytes.insert(contentsOf: piece(of: others.randomElement(using: &random) ?? []), at: at)
        case 7: bytes.removeSubrange(at...)
        default:
            let count = 1 + random.below(8)
            bytes.insert(
                contentsOf: (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) },
                at: at)
        }
    }

    private mutating func putNumber(in bytes: inout [UInt8], at place: Int) {
        let number = Mutator.numbers[random.below(Mutator.numbers.count)]
        for (offset, shift) in [24, 16, 8, 0].enumerated() where place + offset < bytes.count {
            bytes[place + offset] = UInt8(truncatingIfNeeded: number >> UInt32(shift))
        }
    }

    private mutating func piece(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard !bytes.isEmpty else { return [] }
        let start = random.below(bytes.count)
        return bytes[start..<min(bytes.count, start + 1 + random.below(64))]
    }
}
