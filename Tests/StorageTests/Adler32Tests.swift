import Jute
import Storage
import Testing

struct Adler32Tests {
    private func checksum(_ bytes: [UInt8]) -> UInt32 { Adler32.checksum(bytes.rawSpan) }

    @Test func `checksums agree with zlib`() {
        #expect(checksum([]) == 1)
        #expect(checksum(Array("Wikipedia".utf8)) == 0x11e6_0398)
        // Long enough for the sums to overflow if the modulus came too late.
        #expect(checksum([UInt8](repeating: 0xff, count: 100_000)) == 0x149a_302c)
    }

    @Test(arguments: [1, 7, 5551, 5552, 5553])
    func `pieces of any size give the same checksum`(size: Int) {
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var sum = Adler32()
        for start in stride(from: 0, to: bytes.count, by: size) {
            sum.update(Array(bytes[start..<min(start + size, bytes.count)]).rawSpan)
        }
        #expect(sum.value == checksum(bytes))
    }

    @Test func `sixteen at a time is the same as one at a time`() {
        for count in [0, 1, 15, 16, 17, 31, 100, 5551, 5552, 5553, 5567, 5568, 12_345] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 251) }
            var (low, high): (UInt32, UInt32) = (1, 0)
            for byte in bytes {
                low = (low + UInt32(byte)) % 65521
                high = (high + low) % 65521
            }
            #expect(checksum(bytes) == high << 16 | low, "\(count) bytes")
        }
    }
}
