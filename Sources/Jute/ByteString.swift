/// A string as ZooKeeper sees it: UTF-8 bytes, compared byte by byte.
///
/// Swift's `String` compares by canonical equivalence, so two different znode names could be one
/// key; and making one validates and often allocates. Names, ids and schemes are bytes here and
/// become a `String` only to be shown.
public struct ByteString: Hashable, Sendable {
    /// The bytes, UTF-8 in all that a well-behaved client sends.
    public var bytes: [UInt8]

    /// A string of exactly these bytes.
    @inlinable
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A string of the UTF-8 form of `text`.
    @inlinable
    public init(_ text: some StringProtocol) {
        self.bytes = Array(text.utf8)
    }

    /// The number of bytes.
    @inlinable
    public var count: Int { bytes.count }

    /// Whether there are no bytes.
    @inlinable
    public var isEmpty: Bool { bytes.isEmpty }

    /// Hashes all bytes in one go; what the compiler would make goes through them one by one.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        // The closure reads and does not keep the pointer.
        unsafe bytes.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }
}

extension ByteString: ExpressibleByStringLiteral {
    /// A string of the literal's UTF-8 bytes.
    @inlinable
    public init(stringLiteral value: String) {
        self.bytes = Array(value.utf8)
    }
}

extension ByteString: Comparable {
    /// Orders by unsigned bytes, which for UTF-8 is the order of code points.
    @inlinable
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ByteString: CustomStringConvertible {
    /// The text, with what is not UTF-8 replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
