import Jute
import Records

/// The `ip` scheme: who connects from an address is whoever an ACL names by it, with or without a
/// mask.
///
/// Text is parsed here rather than by the system, so that a name is never taken for an address
/// and the simulator needs no sockets.
enum AddressCredential {
    /// The 4 or 16 bytes of a textual address.
    static func parse(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.contains(UInt8(ascii: ":")) ? parseIPv6(text) : parseIPv4(text)
    }

    /// Whether `id` may stand in an ACL: an address, or one with `/` and its leading bits.
    static func isValid(id: ByteString) -> Bool { network(id) != nil }

    /// Whether an address (4 or 16 bytes) lies in the network that `id` names.
    static func matches(id: ByteString, address: [UInt8]) -> Bool {
        guard let (base, bits) = network(id), base.count == address.count else { return false }
        for index in base.indices {
            let left = bits - index * 8
            if left <= 0 { return true }
            let mask: UInt8 = left >= 8 ? 0xff : ~(0xff >> UInt8(left))
            if (base[index] ^ address[index]) & mask != 0 { return false }
        }
        return true
    }

    private static func network(_ id: ByteString) -> (base: [UInt8], bits: Int)? {
        let parts = id.bytes.split(
            separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = parse(first) else { return nil }
        guard parts.count == 2 else { return (base, base.count * 8) }
        guard let bits = decimal(parts[1], max: base.count * 8) else { return nil }
        return (base, bits)
    }

    /// A number as Java reads it: a plus and zeroes may stand before it.
    private static func decimal(_ text: ArraySlice<UInt8>, max: Int) -> Int? {
        let digits = text.first == UInt8(ascii: "+") ? text.dropFirst() : text
        guard !digits.isEmpty else { return nil }
        var value = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            guard value <= max else { return nil }
        }
        return value
    }

    private static func parseIPv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: [UInt8] = []
        for part in parts {
            guard let value = decimal(part, max: 255) else { return nil }
            address.append(UInt8(value))
        }
        return address
    }

    private static func parseIPv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard groups.count >= 3, groups.count <= 9 else { return nil }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        var isPastGap = false
        for (index, group) in groups.enumerated() {
            if group.isEmpty {
                let isEdge = index == 0 || index == groups.count - 1
                if isEdge {
                    let neighbour = index == 0 ? groups[1] : groups[groups.count - 2]
                    guard neighbour.isEmpty else { return nil }
                    continue
                }
                guard !isPastGap else { return nil }
                isPastGap = true
                continue
            }
            guard let bytes = parseGroup(group) else { return nil }
            if isPastGap { tail += bytes } else { head += bytes }
        }
        let missing = 16 - head.count - tail.count
        guard isPastGap ? missing >= 1 : missing == 0 else { return nil }
        return head + Array(repeating: 0, count: missing) + tail
    }

    private static func parseGroup(_ group: ArraySlice<UInt8>) -> [UInt8]? {
        guard group.count <= 4,
            let value = UInt16(String(decoding: group, as: UTF8.self), radix: 16)
        else { return nil }
        return [UInt8(value >> 8), UInt8(value & 0xff)]
    }

    /// The textual form of an address of 4 or 16 bytes, as it stands in credentials and logs.
    static func text(of address: [UInt8]) -> String {
        if address.count == 4 { return address.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: address.count & ~1, by: 2).map {
            String(Int(address[$0]) << 8 | Int(address[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }
}
