import Jute
import Records

/// The bytes of one election link on their way to becoming notifications: a greeting first, if this
/// side was dialed, then frames with their length before them.
struct FrameStream {
    /// The longest notification, as every server has it.
    static let frameSizeMax = 524_288

    private var bytes: [UInt8] = []
    /// Where the first frame that was not taken yet begins.
    private var start = 0

    mutating func append(_ more: RawSpan) {
        // The closure copies and does not keep the pointer.
        unsafe more.withUnsafeBytes { pointer in unsafe bytes.append(contentsOf: pointer) }
    }

    /// The greeting, nil if more bytes are needed.
    mutating func greeting() throws(JuteError) -> ElectionGreeting? {
        do {
            var reader = JuteReader(bytes.rawSpan)
            try reader.skip(start)
            let greeting = try ElectionGreeting(from: &reader)
            start = reader.offset
            return greeting
        } catch JuteError.truncated {
            return nil
        }
    }

    /// The payload of the next frame, nil if more bytes are needed.
    mutating func next() throws(JuteError) -> [UInt8]? {
        guard bytes.count - start >= 4 else {
            forgetTaken()
            return nil
        }
        var reader = JuteReader(bytes.rawSpan)
        try reader.skip(start)
        let length = Int(try reader.readInt32())
        guard length > 0, length <= FrameStream.frameSizeMax else {
            throw .unreasonableLength(length)
        }
        guard reader.remaining >= length else {
            forgetTaken()
            return nil
        }
        let payload = try reader.readBytes(count: length)
        start = reader.offset
        return payload
    }

    private mutating func forgetTaken() {
        bytes.removeFirst(start)
        start = 0
    }
}
