import Records

/// The password of a session: 16 bytes that every server of every ensemble derives from its id.
///
/// A checksum rather than a secret: it lets any server take over any session without keeping
/// state. The generator is the linear congruence of `java.util.Random`, as Apache ZooKeeper uses
/// it.
enum SessionPassword {
    /// Bytes of a password.
    static let size = 16

    private static let salt: UInt64 = 0xB341_5C00
    private static let multiplier: UInt64 = 0x5_DEEC_E66D
    private static let mask: UInt64 = (1 << 48) - 1

    /// The password of `session`.
    static func make(for session: SessionID) -> [UInt8] {
        let seed = UInt64(bitPattern: session.rawValue) ^ salt
        var state = (seed ^ multiplier) & mask
        var password: [UInt8] = []
        password.reserveCapacity(size)
        for _ in 0..<(size / 4) {
            state = (state &* multiplier &+ 0xB) & mask
            let value = UInt32(truncatingIfNeeded: state >> 16)
            for shift in [0, 8, 16, 24] as [UInt32] {
                password.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return password
    }

    /// Whether `password` is the one of `session`; no session has id 0.
    static func matches(_ password: [UInt8]?, session: SessionID) -> Bool {
        session != .none && password == make(for: session)
    }
}
