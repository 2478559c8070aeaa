public import Jute

/// The path of a znode, as bytes.
///
/// A path from the wire may be malformed: `validate()` says so; look-ups simply do not find it.
public struct Path: Hashable, Comparable, Sendable {
    /// UTF-8, compared byte by byte.
    public var bytes: [UInt8]

    /// A path of these bytes, valid or not.
    @inlinable
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A path of the string's bytes, valid or not.
    @inlinable
    public init(_ string: ByteString) { self.bytes = string.bytes }

    /// A path of the text's UTF-8 bytes, valid or not.
    @inlinable
    public init(_ text: some StringProtocol) { self.bytes = Array(text.utf8) }

    /// The path `/`.
    public static let root = Path([slash])

    @usableFromInline static let slash = UInt8(ascii: "/")

    /// The same bytes as a string.
    @inlinable
    public var string: ByteString { ByteString(bytes) }

    /// Everything before the last `/`, or `/` for a child of the root; nil where there is none.
    ///
    /// The parent of `/a//b` is `/a/`, which never exists.
    public var parent: Path? {
        guard let cut = bytes.lastIndex(of: Path.slash), bytes.count > 1 else { return nil }
        return cut == 0 ? .root : Path(Array(bytes[..<cut]))
    }

    /// What stands after the last `/`.
    public var name: ByteString {
        guard let cut = bytes.lastIndex(of: Path.slash) else { return string }
        return ByteString(Array(bytes[(cut + 1)...]))
    }

    /// The path of the child `name`.
    public func appending(_ name: ByteString) -> Path {
        var child = bytes
        if child.count != 1 || child[0] != Path.slash { child.append(Path.slash) }
        child.append(contentsOf: name.bytes)
        return Path(child)
    }

    /// Whether this is `other` or lies below it.
    public func isWithin(_ other: Path) -> Bool {
        if other.bytes.count <= 1 { return true }
        guard bytes.starts(with: other.bytes) else { return false }
        return bytes.count == other.bytes.count || bytes[other.bytes.count] == Path.slash
    }

    /// Hashes all bytes in one go; what the compiler would make goes through them one by one.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        // The closure reads and does not keep the pointer.
        unsafe bytes.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }

    /// Orders by the number.
    @inlinable
    public static func < (left: Path, right: Path) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension Path: ExpressibleByStringLiteral, CustomStringConvertible {
    /// Makes one of these values.
    @inlinable
    public init(stringLiteral value: String) { self.bytes = Array(value.utf8) }
    /// The text, with what is not UTF-8 replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
