/// Writes Jute values into a buffer that grows and is used again.
///
/// One per connection or per loop: `removeAll()` keeps the memory. All integers are big-endian.
@safe
public struct JuteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// The number of bytes written.
    public var count: Int { length }
    @usableFromInline var length: Int

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 256) {
        let room = max(capacity, 16)
        unsafe self.base = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 8)
        self.capacity = room
        self.length = 0
    }

    deinit {
        unsafe base.deallocate()
    }

    /// Whether nothing has been written.
    @inlinable
    public var isEmpty: Bool { count == 0 }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() { length = 0 }

    /// Forgets what was written, and keeps the memory unless it is more than `most` bytes.
    public mutating func removeAll(keepingAtMost most: Int) {
        if capacity > most { self = JuteWriter(capacity: min(most, 512)) } else { removeAll() }
    }

    /// Forgets what was written after the first `count` bytes.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "truncating past the end")
        self.length = count
    }

    @usableFromInline
    mutating func grow(for extra: Int) {
        let room = max(capacity * 2, count + extra)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 8)
        unsafe larger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe self.base = larger
        capacity = room
    }

    @inlinable
    mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        let size = MemoryLayout<Value>.size
        if capacity &- count < size { grow(for: size) }
        unsafe base.storeBytes(of: value.bigEndian, toByteOffset: length, as: Value.self)
        length &+= size
    }

    /// One byte.
    @inlinable
    public mutating func writeByte(_ value: UInt8) { store(value) }

    /// A `boolean`.
    @inlinable
    public mutating func writeBool(_ value: Bool) { store(value ? 1 as UInt8 : 0) }

    /// An `int`, 4 bytes.
    @inlinable
    public mutating func writeInt32(_ value: Int32) { store(value) }

    /// A `long`, 8 bytes.
    @inlinable
    public mutating func writeInt64(_ value: Int64) { store(value) }

    /// Bytes as they are, without a length.
    @inlinable
    public mutating func writeBytes(_ bytes: RawSpan) {
        let size = bytes.byteCount
        if size == 0 { return }
        if capacity &- count < size { grow(for: size) }
        // Room for `size` bytes was made above; source and buffer never overlap.
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: from, byteCount: size)
        }
        length &+= size
    }

    /// Bytes as they are, without a length.
    @inlinable
    public mutating func writeBytes(_ bytes: [UInt8]) { writeBytes(bytes.rawSpan) }

    /// A `buffer`; nil is null, which is not the empty buffer.
    @inlinable
    public mutating func writeBuffer(_ bytes: [UInt8]?) {
        guard let bytes else { return writeInt32(-1) }
        writeInt32(Int32(bytes.count))
        writeBytes(bytes.rawSpan)
    }

    /// A `buffer` or `ustring` from bytes in place.
    @inlinable
    public mutating func writeBuffer(_ bytes: RawSpan) {
        writeInt32(Int32(bytes.byteCount))
        writeBytes(bytes)
    }

    /// A `ustring`; nil is null.
    @inlinable
    public mutating func writeString(_ string: ByteString?) { writeBuffer(string?.bytes) }

    /// Opens a frame: leaves room for its length and returns where that is.
    @inlinable
    public mutating func beginFrame() -> Int {
        let start = count
        writeInt32(0)
        return start
    }

    /// Closes the frame opened at `start`: fills in its length, which excludes itself.
    ///
    /// Whoever writes what others choose bounds it far below 2 GiB; beyond that the length says as
    /// much as it can, and nothing traps.
    @inlinable
    public mutating func endFrame(_ start: Int) {
        replaceInt32(at: start, with: Int32(clamping: count &- start &- 4))
    }

    /// Overwrites the `int` at `offset`.
    @inlinable
    public mutating func replaceInt32(at offset: Int, with value: Int32) {
        precondition(offset >= 0 && offset + 4 <= count, "replacing outside of what was written")
        unsafe base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
    }

    /// What was written, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// A copy of what was written.
    @inlinable
    public func copyBytes() -> [UInt8] { Array(copying: bytes) }
}

// The memory is owned by this value alone, and moves with it.
extension JuteWriter: @unchecked Sendable {}
