/// The part of a file that is in memory, moved along as it is read.
struct FileWindow {
    private static let sizeMin = 256 << 10

    let handle: any FileHandle
    /// The size of the file when it was opened.
    let size: Int64
    private var bytes: [UInt8] = []
    private var start: Int64 = 0

    init(_ handle: any FileHandle) throws(StorageError) {
        self.handle = handle
        self.size = try handle.size()
    }

    /// Makes sure that the bytes are in memory and says at which index; nil if the file has fewer.
    mutating func load(at offset: Int64, count: Int) throws(StorageError) -> Int? {
        guard offset >= 0, offset <= size, Int64(count) <= size - offset else { return nil }
        if offset < start || offset + Int64(count) > start + Int64(bytes.count) {
            bytes = try handle.read(at: offset, count: max(count, Self.sizeMin))
            start = offset
            // The file has become shorter since it was opened.
            guard bytes.count >= count else { return nil }
        }
        return Int(offset - start)
    }

    /// Up to `count` bytes, fewer only at the end of the file.
    mutating func bytes(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        let available = Int(max(0, min(Int64(count), size - offset)))
        guard let index = try load(at: offset, count: available) else { return [] }
        return copy(at: index, count: available)
    }

    /// The first byte from `offset` on that is not 0.
    mutating func firstNonZero(from offset: Int64) throws(StorageError) -> Int64? {
        var position = offset
        while position < size {
            let count = Int(min(Int64(Self.sizeMin), size - position))
            guard let index = try load(at: position, count: count) else { return nil }
            if let found = firstNonZero(index, count) { return start + Int64(found) }
            position += Int64(count)
        }
        return nil
    }

    /// By eight bytes at a time, as prepared space is long.
    private func firstNonZero(_ index: Int, _ count: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { buffer in
            var position = index
            let end = index + count
            // In bounds: both loops stay below `end`, which `load` has checked.
            while position + 8 <= end,
                unsafe buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self) == 0
            { position += 8 }
            while position < end {
                if unsafe buffer[position] != 0 { return position }
                position += 1
            }
            return nil
        }
    }

    // Indexes are those that `load` gave, and the bounds it checked.

    func byte(at index: Int) -> UInt8 { bytes[index] }

    func copy(at index: Int, count: Int) -> [UInt8] { Array(bytes[index..<(index + count)]) }

    func int32(at index: Int) -> Int32 {
        var value: UInt32 = 0
        for byte in bytes[index..<(index + 4)] { value = value << 8 | UInt32(byte) }
        return Int32(bitPattern: value)
    }

    func int64(at index: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in bytes[index..<(index + 8)] { value = value << 8 | UInt64(byte) }
        return Int64(bitPattern: value)
    }
}
