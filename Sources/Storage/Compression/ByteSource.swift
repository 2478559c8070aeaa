import Jute

/// The bytes of a snapshot from its start to its end, whatever form the file has.
protocol ByteSource {
    /// The next bytes; empty at the end.
    mutating func next() throws(StorageError) -> [UInt8]
}

/// A file as it is.
struct PlainBytes: ByteSource {
    private static let chunkSize = 256 << 10

    let handle: any FileHandle
    /// The offset of the next byte.
    private(set) var position: Int64 = 0

    init(_ handle: any FileHandle) { self.handle = handle }

    mutating func next() throws(StorageError) -> [UInt8] {
        let chunk = try handle.read(at: position, count: Self.chunkSize)
        position += Int64(chunk.count)
        return chunk
    }
}

/// A file byte by byte, for what has to be decoded.
struct FileBytes {
    private var source: PlainBytes
    private var chunk: [UInt8] = []
    private var index = 0

    init(_ handle: any FileHandle) { self.source = PlainBytes(handle) }

    /// Where the next byte is in the file.
    var offset: Int64 { source.position - Int64(chunk.count - index) }

    func failure(_ message: String) -> StorageError {
        StorageError(.damaged, message, path: source.handle.path, offset: offset)
    }

    /// The next byte, or nil at the end.
    mutating func byteIfAny() throws(StorageError) -> UInt8? {
        if index == chunk.count {
            chunk = try source.next()
            index = 0
            if chunk.isEmpty { return nil }
        }
        defer { index += 1 }
        return chunk[index]
    }

    mutating func byte() throws(StorageError) -> UInt8 {
        guard let byte = try byteIfAny() else { throw failure("ends too early") }
        return byte
    }

    mutating func bytes(_ count: Int) throws(StorageError) -> [UInt8] {
        var result: [UInt8] = []
        while result.count < count {
            if index == chunk.count {
                chunk = try source.next()
                index = 0
                if chunk.isEmpty { throw failure("ends too early") }
            }
            let taken = min(count - result.count, chunk.count - index)
            result += chunk[index..<(index + taken)]
            index += taken
        }
        return result
    }
}
