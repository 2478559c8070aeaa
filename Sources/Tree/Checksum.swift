// CRC-32 with zlib's polynomial, eight bytes a step: the digest of each znode is one.

/// A CRC-32 in progress.
struct Checksum {
    /// Not yet complemented: a znode keeps it to go on from there.
    private(set) var state: UInt32

    init() { self.state = .max }

    /// Goes on from a state kept before.
    init(continuing state: UInt32) { self.state = state }

    /// The CRC of all that went in.
    var value: UInt32 { ~state }

    /// Takes in `bytes`.
    mutating func update(_ bytes: RawSpan) {
        let count = bytes.byteCount
        var offset = 0
        while count &- offset >= 8 {
            // In bounds: eight bytes are left.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self)
            step(UInt64(littleEndian: word))
            offset &+= 8
        }
        while offset < count {
            // In bounds: the loop's condition.
            let byte = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt8.self)
            state = tables.entry(0, UInt8(truncatingIfNeeded: state) ^ byte) ^ state >> 8
            offset &+= 1
        }
    }

    /// Takes in a `long`, big-endian.
    @inline(__always)
    mutating func update(_ value: Int64) { step(UInt64(bitPattern: value.byteSwapped)) }

    /// Takes in an `int`, big-endian.
    @inline(__always)
    mutating func update(_ value: Int32) {
        let mixed = state ^ UInt32(bitPattern: value.byteSwapped)
        state =
            tables.entry(3, UInt8(truncatingIfNeeded: mixed))
            ^ tables.entry(2, UInt8(truncatingIfNeeded: mixed >> 8))
            ^ tables.entry(1, UInt8(truncatingIfNeeded: mixed >> 16))
            ^ tables.entry(0, UInt8(truncatingIfNeeded: mixed >> 24))
    }

    /// Takes in eight bytes, the first in the low bits.
    @inline(__always)
    private mutating func step(_ word: UInt64) {
        let mixed = word ^ UInt64(state)
        state =
            tables.entry(7, UInt8(truncatingIfNeeded: mixed))
            ^ tables.entry(6, UInt8(truncatingIfNeeded: mixed >> 8))
            ^ tables.entry(5, UInt8(truncatingIfNeeded: mixed >> 16))
            ^ tables.entry(4, UInt8(truncatingIfNeeded: mixed >> 24))
            ^ tables.entry(3, UInt8(truncatingIfNeeded: mixed >> 32))
            ^ tables.entry(2, UInt8(truncatingIfNeeded: mixed >> 40))
            ^ tables.entry(1, UInt8(truncatingIfNeeded: mixed >> 48))
            ^ tables.entry(0, UInt8(truncatingIfNeeded: mixed >> 56))
    }
}

private let tables = ChecksumTables()

/// Eight tables of 256: table k holds the effect of a byte that k zero bytes follow.
@safe
private struct ChecksumTables: @unchecked Sendable {  // Written once, before anybody reads.
    private let entries: UnsafePointer<UInt32>

    init() {
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
            unsafe table[byte] = value
        }
        for index in 256..<(8 * 256) {
            let previous = unsafe table[index - 256]
            unsafe table[index] = unsafe table[Int(previous & 0xff)] ^ previous >> 8
        }
        unsafe entries = UnsafePointer(table)
    }

    @inline(__always)
    func entry(_ table: Int, _ byte: UInt8) -> UInt32 {
        // In bounds: table is 0 to 7 in the calls above, all of them in this file.
        unsafe entries[table &* 256 &+ Int(byte)]
    }
}
