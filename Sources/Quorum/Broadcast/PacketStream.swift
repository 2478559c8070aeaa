import Jute
import Records

/// The bytes of one quorum link on their way to becoming packets.
///
/// Packets have no length before them; a packet is complete when it can be read.
struct PacketStream {
    /// Far above what a server lets a client prove.
    private static let identitiesSizeMax = 1 << 20

    private var bytes: [UInt8] = []
    private var start = 0

    /// How many bytes wait.
    var count: Int { bytes.count - start }

    mutating func append(_ more: RawSpan) {
        // The closure copies and does not keep the pointer.
        unsafe more.withUnsafeBytes { pointer in unsafe bytes.append(contentsOf: pointer) }
    }

    /// The next packet, or nil if more bytes are needed.
    mutating func next(sizeMax: Int) throws(JuteError) -> QuorumPacket? {
        guard start < bytes.count else { return nil }
        let packet: QuorumPacket
        let end: Int
        do {
            var reader = JuteReader(bytes.rawSpan)
            try reader.skip(start)
            packet = try QuorumPacket(from: &reader, dataSizeMax: sizeMax)
            end = reader.offset
        } catch JuteError.truncated {
            // Data and a reasonable number of identities; no honest packet is larger.
            guard count <= 4 * sizeMax + PacketStream.identitiesSizeMax else {
                throw .unreasonableLength(count)
            }
            return nil
        }
        consume(through: end)
        return packet
    }

    /// Everything that waits, as it is: the stream changes from packets to a snapshot.
    mutating func takeAll() -> [UInt8] {
        let rest = Array(bytes[start...])
        bytes = []
        start = 0
        return rest
    }

    private mutating func consume(through end: Int) {
        start = end
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
            start = 0
        } else if start >= 1 << 16, start * 2 >= bytes.count {
            bytes.removeFirst(start)
            start = 0
        }
    }
}
