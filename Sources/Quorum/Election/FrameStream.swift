import Jute
import Records

/// The bytes of one election link on their way to becoming notifications: a greeting first, if this
/// side was dialed, then frames with their length before them.
struct FrameStream {
    /// The longest notification, as every server has it.
    static let frameSizeMax = 524_288

    private var bytes: [UInt8] = []

    mutating func append(_ more: RawSpan) {
        // The closure copies and does not keep the pointer.
        unsafe more.withUnsafeBytes { pointer in unsafe bytes.append(contentsOf: pointer) }
    }

    /// The greeting, nil if more bytes are needed.
    mutating func greeting() throws(JuteError) -> ElectionGreeting? {
        let all = bytes
        do {
            var reader = JuteReader(all.rawSpan)
            let greeting = try ElectionGreeting(from: &reader)
            bytes.removeFirst(reader.offset)
            return greeting
        } catch JuteError.truncated {
            return nil
        }
    }

    /// The payload of the next frame, nil if more bytes are needed.
    mutating func next() throws(JuteError) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        let all = bytes
        var reader = JuteReader(all.rawSpan)
        let length = Int(try reader.readInt32())
        guard length > 0, length <= FrameStream.frameSizeMax else {
            throw .unreasonableLength(length)
        }
        guard reader.remaining >= length else { return nil }
        let payload = try reader.readBytes(count: length)
        bytes.removeFirst(4 + length)
        return payload
    }
}
