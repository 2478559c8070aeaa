import NIOCore

/// Cuts what a server sends into frames: a 4-byte length, then that many bytes.
struct FrameCutter {
    /// No server of ours or theirs sends more; lists of children are the longest replies.
    static let frameBytesMax = 64 * 1024 * 1024

    /// What the bytes so far amount to.
    enum Cut: Equatable {
        /// A whole frame, without its length.
        case frame([UInt8])
        /// Not yet a whole frame.
        case incomplete
        /// A length that no frame has: the rest means nothing.
        case nonsense(Int32)
    }

    private var buffer = ByteBuffer()

    /// Takes bytes as they come.
    mutating func append(_ bytes: inout ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next frame.
    mutating func next() -> Cut {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: Int32.self) else {
            return .incomplete
        }
        guard length >= 0, length <= Self.frameBytesMax else { return .nonsense(length) }
        guard buffer.readableBytes >= 4 + Int(length) else { return .incomplete }
        buffer.moveReaderIndex(forwardBy: 4)
        return .frame(buffer.readBytes(length: Int(length)) ?? [])
    }
}
