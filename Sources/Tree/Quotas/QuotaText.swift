import Jute

/// What the znodes of a quota hold, limits and usage alike: `count=3,bytes=20`, and perhaps other
/// keys behind a stray `=` that Apache ZooKeeper writes there.
public struct QuotaText: Equatable, Sendable {
    private var values: [ByteString: Int64] = [:]

    /// A usage.
    public init(count: Int64, bytes: Int64) {
        self.count = count
        self.bytes = bytes
    }

    /// Reads what a client wrote; nil if it is no list of keys with numbers.
    ///
    /// Nothing at all is a list without keys, but null is none.
    public init?(_ data: [UInt8]?) {
        guard let data else { return nil }
        let pairs = data.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") }
        // Before a separator in the first place stands a key without a number.
        if let first = pairs.first, first.startIndex != data.startIndex { return nil }
        for pair in pairs {
            let parts = pair.split(
                separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            guard parts.count >= 2, parts[1...].contains(where: { !$0.isEmpty }),
                let number = QuotaText.number(parts[1])
            else { return nil }
            values[ByteString(Array(parts[0]))] = number
        }
    }

    /// A decimal number; blank is -1, no limit.
    private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
        if text.allSatisfy({ $0 <= UInt8(ascii: " ") }) { return -1 }
        return Int64(String(decoding: text, as: UTF8.self))
    }

    private static let countKey: ByteString = "count"
    private static let bytesKey: ByteString = "bytes"
    private static let countHardLimitKey: ByteString = "countHardLimit"
    private static let bytesHardLimitKey: ByteString = "byteHardLimit"

    /// The number of znodes; -1 if the text does not tell, or there is no limit.
    public var count: Int64 {
        get { values[QuotaText.countKey] ?? -1 }
        set { values[QuotaText.countKey] = newValue }
    }

    /// The bytes of data; -1 if the text does not tell, or there is no limit.
    public var bytes: Int64 {
        get { values[QuotaText.bytesKey] ?? -1 }
        set { values[QuotaText.bytesKey] = newValue }
    }

    /// The number of znodes that must not be exceeded; -1 is no limit.
    public var countHardLimit: Int64 { values[QuotaText.countHardLimitKey] ?? -1 }

    /// The bytes of data that must not be exceeded; -1 is no limit.
    public var bytesHardLimit: Int64 { values[QuotaText.bytesHardLimitKey] ?? -1 }

    /// As it is written into a znode.
    public var encoded: [UInt8] {
        var text = Array("count=\(count),bytes=\(bytes)".utf8)
        let others = values.filter {
            $0.key != QuotaText.countKey && $0.key != QuotaText.bytesKey
        }
        if !others.isEmpty { text.append(UInt8(ascii: "=")) }
        for (key, value) in others.sorted(by: { $0.key < $1.key }) {
            text += [UInt8(ascii: ";")] + key.bytes + Array("=\(value)".utf8)
        }
        return text
    }
}
