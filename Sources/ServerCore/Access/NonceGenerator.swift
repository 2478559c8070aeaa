import Crypto

/// Texts that are never used twice and that nobody foresees who does not know the seed.
struct NonceGenerator {
    private let seed: UInt64
    private var count: UInt64 = 0

    init(seed: UInt64) { self.seed = seed }

    mutating func next() -> [UInt8] {
        count &+= 1
        var source = Array("login".utf8)
        for number in [seed, count] {
            for shift in stride(from: 56, through: 0, by: -8) as StrideThrough<UInt64> {
                source.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return DigestCredential.base64(Array(SHA256.hash(data: source)))
    }
}
