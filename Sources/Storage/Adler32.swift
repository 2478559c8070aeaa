/// The checksum of log records and snapshots, as zlib computes it.
///
/// Two sums modulo 65521, taken only when they could overflow: every 5552 bytes.
public struct Adler32: Sendable {
    private static let modulus: UInt32 = 65521
    /// The largest n for which 255 n (n + 1) / 2 + (n + 1) (65521 - 1) is below 2^32.
    private static let blockSize = 5552

    private var low: UInt32 = 1
    private var high: UInt32 = 0

    /// The checksum of nothing, 1.
    public init() {}

    /// The checksum of the bytes so far.
    public var value: UInt32 { high << 16 | low }

    /// The checksum as both formats store it: a `long`.
    public var long: Int64 { Int64(value) }

    /// How much more often than the last of sixteen bytes each of them is in the second sum.
    private static let weights = SIMD16<UInt32>(
        16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)

    /// Takes in the next bytes.
    public mutating func update(_ bytes: RawSpan) {
        var low = self.low
        var high = self.high
        unsafe bytes.withUnsafeBytes { buffer in
            var start = 0
            while start < buffer.count {
                let end = min(start &+ Self.blockSize, buffer.count)
                // In bounds: start to end lies in the buffer. No overflow: see `blockSize`.
                let groups = UInt32(truncatingIfNeeded: (end &- start) / 16)
                // The sums of every sixteenth byte, and the sums of those before each group.
                var lanes = SIMD16<UInt32>()
                var before = SIMD16<UInt32>()
                for _ in 0..<groups {
                    before &+= lanes
                    lanes &+= SIMD16(
                        truncatingIfNeeded: unsafe buffer.loadUnaligned(
                            fromByteOffset: start, as: SIMD16<UInt8>.self))
                    start &+= 16
                }
                high &+= 16 &* (groups &* low &+ before.wrappedSum())
                high &+= (lanes &* Self.weights).wrappedSum()
                low &+= lanes.wrappedSum()
                while start < end {
                    low &+= UInt32(truncatingIfNeeded: unsafe buffer[start])
                    high &+= low
                    start &+= 1
                }
                low %= Self.modulus
                high %= Self.modulus
            }
        }
        self.low = low
        self.high = high
    }

    /// The checksum of `bytes` alone.
    public static func checksum(_ bytes: RawSpan) -> UInt32 {
        var sum = Adler32()
        sum.update(bytes)
        return sum.value
    }
}
