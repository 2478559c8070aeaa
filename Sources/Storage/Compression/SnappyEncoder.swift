/// Compresses with snappy in the frames of its Java library, as
/// `snapshot.compression.method=snappy` means them: a magic, two versions, and blocks, each behind
/// its length.
struct SnappyEncoder {
    /// As in Java, so that a reader there needs no more memory than for its own files.
    private static let blockSize = 32 << 10
    private static let versions: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 1]
    private static let copyLengthMax = 64

    private var output = SnapshotFormat.snappyMagic + versions
    /// Bytes that do not fill a block yet.
    private var waiting: [UInt8] = []

    /// Takes the next piece, and gives what can be written already.
    mutating func encode(_ piece: [UInt8]) -> [UInt8] {
        waiting += piece
        var start = 0
        while waiting.count - start >= SnappyEncoder.blockSize {
            addBlock(Array(waiting[start..<(start + SnappyEncoder.blockSize)]))
            start += SnappyEncoder.blockSize
        }
        waiting.removeFirst(start)
        return take()
    }

    /// Ends the stream, and gives what is left to be written.
    mutating func finish() -> [UInt8] {
        if !waiting.isEmpty { addBlock(waiting) }
        waiting = []
        return take()
    }

    private mutating func take() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    private mutating func addBlock(_ bytes: [UInt8]) {
        let block = SnappyEncoder.block(of: bytes)
        for shift in [24, 16, 8, 0] {
            output.append(UInt8(truncatingIfNeeded: block.count >> shift))
        }
        output += block
    }

    /// The bytes of a block.
    static func block(of bytes: [UInt8]) -> [UInt8] {
        var block: [UInt8] = []
        var size = bytes.count
        while size >= 0x80 {
            block.append(UInt8(truncatingIfNeeded: size) | 0x80)
            size >>= 7
        }
        block.append(UInt8(truncatingIfNeeded: size))
        var index = 0
        for step in RepeatFinder.steps(of: bytes) {
            addLiterals(bytes[index..<(index + step.literalCount)], to: &block)
            index += step.literalCount + step.copyLength
            var left = step.copyLength
            while left > 0 {
                let length = min(left, copyLengthMax)
                block.append(UInt8(length - 1) << 2 | 2)
                block.append(UInt8(truncatingIfNeeded: step.distance))
                block.append(UInt8(truncatingIfNeeded: step.distance >> 8))
                left -= length
            }
        }
        return block
    }

    private static func addLiterals(_ bytes: ArraySlice<UInt8>, to block: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let code = bytes.count - 1
        if code < 60 {
            block.append(UInt8(code) << 2)
        } else if code <= 0xff {
            block += [60 << 2, UInt8(code)]
        } else {
            // A block is not longer than two bytes can say.
            block += [
                61 << 2, UInt8(truncatingIfNeeded: code), UInt8(truncatingIfNeeded: code >> 8),
            ]
        }
        block += bytes
    }
}
