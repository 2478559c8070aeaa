/// Reads Jute values from bytes in place.
///
/// All integers are big-endian; a length is checked before it is believed. The reader never copies
/// until asked for a value that owns its bytes.
public struct JuteReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// The offset of the next byte to read, from the start of the span.
    public var offset: Int { position }
    @usableFromInline var position: Int

    /// A reader at the start of `bytes`.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
        self.position = 0
    }

    /// The number of bytes not read yet.
    @inlinable
    public var remaining: Int { bytes.byteCount &- position }

    /// Passes over `count` bytes.
    @inlinable
    public mutating func skip(_ count: Int) throws(JuteError) {
        guard count >= 0, count <= remaining else { throw .truncated }
        position &+= count
    }

    @inlinable
    mutating func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws(JuteError) -> Value {
        guard remaining >= MemoryLayout<Value>.size else { throw .truncated }
        // In bounds: checked on the line above.
        let value = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position, as: Value.self)
        position &+= MemoryLayout<Value>.size
        return Value(bigEndian: value)
    }

    /// The next byte.
    @inlinable
    public mutating func readByte() throws(JuteError) -> UInt8 { try load(UInt8.self) }

    /// A `boolean`: any byte but 0 is true.
    @inlinable
    public mutating func readBool() throws(JuteError) -> Bool { try load(UInt8.self) != 0 }

    /// An `int`, 4 bytes.
    @inlinable
    public mutating func readInt32() throws(JuteError) -> Int32 { try load(Int32.self) }

    /// A `long`, 8 bytes.
    @inlinable
    public mutating func readInt64() throws(JuteError) -> Int64 { try load(Int64.self) }

    /// The next `count` bytes, in place.
    @inlinable
    @_lifetime(copy self)
    public mutating func readSpan(count: Int) throws(JuteError) -> RawSpan {
        guard count >= 0, count <= remaining else { throw .truncated }
        let start = position
        position &+= count
        // In bounds: checked above, and `start + count` is the new offset.
        return unsafe bytes.extracting(unchecked: start..<(start &+ count))
    }

    /// The next `count` bytes, copied.
    @inlinable
    public mutating func readBytes(count: Int) throws(JuteError) -> [UInt8] {
        let span = try readSpan(count: count)
        return Array(copying: span)
    }

    /// The length of a `buffer` or `ustring`, or nil for null.
    @inlinable
    mutating func readLength() throws(JuteError) -> Int? {
        let length = Int(try readInt32())
        if length == -1 { return nil }
        guard length >= 0 else { throw .unreasonableLength(length) }
        guard length <= remaining else { throw .truncated }
        return length
    }

    /// A `buffer`, nil for null; empty and null are different values.
    @inlinable
    public mutating func readBuffer() throws(JuteError) -> [UInt8]? {
        guard let length = try readLength() else { return nil }
        return try readBytes(count: length)
    }

    /// A `ustring`, nil for null.
    @inlinable
    public mutating func readString() throws(JuteError) -> ByteString? {
        guard let bytes = try readBuffer() else { return nil }
        return ByteString(bytes)
    }

    /// A `buffer` or `ustring` in place, nil for null.
    @inlinable
    @_lifetime(copy self)
    public mutating func readBufferSpan() throws(JuteError) -> RawSpan? {
        guard let length = try readLength() else { return nil }
        return try readSpan(count: length)
    }

    /// The count of a `vector`, nil for null.
    ///
    /// Each element takes at least `elementSizeMin` bytes, so a count that cannot fit is refused
    /// before anything is reserved for it.
    @inlinable
    public mutating func readCount(elementSizeMin: Int) throws(JuteError) -> Int? {
        let count = Int(try readInt32())
        if count == -1 { return nil }
        guard count >= 0 else { throw .unreasonableLength(count) }
        guard count <= remaining / elementSizeMin else { throw .truncated }
        return count
    }
}

extension Array where Element == UInt8 {
    /// An array of the bytes of `span`.
    @inlinable
    public init(copying span: RawSpan) {
        // The closure copies and does not keep the pointer.
        self = unsafe span.withUnsafeBytes { pointer in unsafe [UInt8](pointer) }
    }

    /// The bytes in place.
    @inlinable
    public var rawSpan: RawSpan {
        @_lifetime(borrow self)
        get {
            // Bytes have no padding, so viewing them raw is always defined.
            unsafe span.bytes
        }
    }
}
