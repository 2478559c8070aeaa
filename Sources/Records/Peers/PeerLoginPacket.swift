public import Jute

/// A packet of the login between two servers, which comes before all else that they say but the
/// greeting on an election port.
public struct PeerLoginPacket: Equatable, Sendable {
    /// How far the login is.
    public enum Status: Int32, Sendable {
        case underWay = 0
        case succeeded = 1
        case failed = -1
    }

    /// What each begins with, and nothing else that a server may say first.
    public static let magic: Int64 = 0x5f24_3501_3501_edcc
    /// Far more than a step of a login takes.
    public static let tokenSizeMax = 4096

    /// How far the login is.
    public var status: Status
    /// What the mechanism has to say.
    public var token: [UInt8]

    /// A packet of these parts.
    public init(_ status: Status, _ token: [UInt8] = []) {
        self.status = status
        self.token = token
    }

    /// Reads one; `.truncated` means: wait for more.
    public init(from reader: inout JuteReader) throws(JuteError) {
        guard try reader.readInt64() == PeerLoginPacket.magic,
            let status = Status(rawValue: try reader.readInt32())
        else { throw .invalidValue }
        // No token at all, -1, is an empty one.
        let length = Int(try reader.readInt32())
        guard length >= -1, length <= PeerLoginPacket.tokenSizeMax else {
            throw .unreasonableLength(length)
        }
        self.status = status
        self.token = try reader.readBytes(count: max(0, length))
    }

    /// Its bytes.
    public var encoded: [UInt8] {
        var writer = JuteWriter(capacity: 16 + token.count)
        writer.writeInt64(PeerLoginPacket.magic)
        writer.writeInt32(status.rawValue)
        writer.writeBuffer(token)
        return writer.copyBytes()
    }

    /// Takes the first packet off `bytes`; nil if more are needed.
    public static func take(from bytes: inout [UInt8]) throws(JuteError) -> PeerLoginPacket? {
        do {
            var reader = JuteReader(bytes.rawSpan)
            let packet = try PeerLoginPacket(from: &reader)
            let size = reader.offset
            bytes.removeFirst(size)
            return packet
        } catch JuteError.truncated {
            return nil
        }
    }
}
