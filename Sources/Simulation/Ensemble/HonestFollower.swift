import Jute
import Quorum
public import Records

// Those who dial a server under test as its learners: one that does what it should, and anybody.

/// A follower that answers its leader as it should, and keeps nothing.
struct HonestFollower {
    let link: LinkID
    private var unread: [UInt8] = []

    init(_ link: LinkID) { self.link = link }

    /// How it introduces itself.
    static var introduction: [UInt8] {
        encoded([
            QuorumPacket(.followerInfo, zxid: .zero, data: LearnerInfo.bytes(of: ServerID(2)))
        ])
    }

    /// What it answers to what its leader sends.
    mutating func hears(_ bytes: [UInt8]) -> [UInt8] {
        unread += bytes
        var reader = JuteReader(unread.rawSpan)
        var answers: [QuorumPacket] = []
        var consumed = 0
        while let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 20) {
            consumed = reader.offset
            switch packet.kind {
            case .leaderInfo:
                // It has what the leader has, of epoch 0.
                answers.append(QuorumPacket(.ackEpoch, zxid: Zxid(5), data: [0, 0, 0, 0]))
            case .newLeader, .proposal: answers.append(QuorumPacket(.ack, zxid: packet.zxid))
            case .ping: answers.append(QuorumPacket(.ping, zxid: packet.zxid))
            default: break
            }
        }
        unread.removeFirst(consumed)
        return HonestFollower.encoded(answers)
    }

    private static func encoded(_ packets: [QuorumPacket]) -> [UInt8] {
        var writer = JuteWriter()
        for packet in packets { packet.write(to: &writer) }
        return writer.copyBytes()
    }
}

extension LearnerInfo {
    /// What a server without an ensemble's name says of itself.
    public static func bytes(of server: ServerID) -> [UInt8] {
        var writer = JuteWriter()
        LearnerInfo(server: server, configVersion: 0).write(to: &writer)
        return writer.copyBytes()
    }
}
