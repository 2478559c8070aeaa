/// A file compressed with snappy, as `zookeeper.snapshot.compression.method=snappy` writes it:
/// a magic, two versions, then blocks, each behind its length.
struct SnappyBytes: ByteSource {
    /// Far above what any writer uses for a block, 32 KiB.
    private static let blockSizeMax = 64 << 20

    private var bytes: FileBytes

    init(_ handle: any FileHandle) throws(StorageError) {
        self.bytes = FileBytes(handle)
        let magic = try bytes.bytes(16).prefix(8)
        guard magic.elementsEqual(SnapshotFormat.snappyMagic) else {
            throw bytes.failure("does not start as a snappy stream")
        }
    }

    mutating func next() throws(StorageError) -> [UInt8] {
        // An empty block is no end.
        while let first = try bytes.byteIfAny() {
            let rest = try bytes.bytes(3)
            let size = rest.reduce(Int(first)) { $0 << 8 | Int($1) }
            guard size <= Self.blockSizeMax else {
                throw bytes.failure("holds a block of \(size) bytes")
            }
            let block = try bytes.bytes(size)
            guard let output = Self.decode(block) else {
                throw bytes.failure("holds a block that cannot be decoded")
            }
            if !output.isEmpty { return output }
        }
        return []
    }

    /// The bytes of a block; nil if it is malformed.
    static func decode(_ block: [UInt8]) -> [UInt8]? {
        var input = block[...]
        guard let size = readSize(&input), size <= blockSizeMax else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(min(size, 1 << 20))
        while let tag = input.popFirst() {
            let isDone =
                tag & 3 == 0
                ? copyLiteral(tag, &input, &output) : copyEarlier(tag, &input, &output)
            guard isDone, output.count <= size else { return nil }
        }
        return output.count == size ? output : nil
    }

    /// A number of seven bits a byte, the lowest first.
    private static func readSize(_ input: inout ArraySlice<UInt8>) -> Int? {
        var size = 0
        for shift in stride(from: 0, through: 28, by: 7) {
            guard let byte = input.popFirst() else { return nil }
            size |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return size }
        }
        return nil
    }

    /// A number of some bytes, the lowest first.
    private static func readNumber(_ count: Int, _ input: inout ArraySlice<UInt8>) -> Int? {
        guard input.count >= count else { return nil }
        let number = input.prefix(count).reversed().reduce(0) { $0 << 8 | Int($1) }
        input = input.dropFirst(count)
        return number
    }

    private static func copyLiteral(
        _ tag: UInt8, _ input: inout ArraySlice<UInt8>, _ output: inout [UInt8]
    ) -> Bool {
        var length = Int(tag >> 2)
        if length >= 60 {
            guard let number = readNumber(length - 59, &input) else { return false }
            length = number
        }
        length += 1
        guard input.count >= length else { return false }
        output += input.prefix(length)
        input = input.dropFirst(length)
        return true
    }

    private static func copyEarlier(
        _ tag: UInt8, _ input: inout ArraySlice<UInt8>, _ output: inout [UInt8]
    ) -> Bool {
        let length: Int
        let distance: Int?
        switch tag & 3 {
        case 1:
            length = 4 + Int(tag >> 2 & 7)
            distance = readNumber(1, &input).map { Int(tag >> 5) << 8 | $0 }
        case 2:
            length = 1 + Int(tag >> 2)
            distance = readNumber(2, &input)
        default:
            length = 1 + Int(tag >> 2)
            distance = readNumber(4, &input)
        }
        guard let distance, distance > 0, distance <= output.count else { return false }
        // Byte by byte, as a copy may repeat what it writes.
        for _ in 0..<length { output.append(output[output.count - distance]) }
        return true
    }
}
