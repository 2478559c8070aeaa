import Jute
import Records

/// Packets as a person reads them.
enum QuorumTranscript {
    /// What a send holds.
    static func describe(_ bytes: [UInt8]) -> String {
        var words: [String] = []
        var reader = JuteReader(bytes.rawSpan)
        while reader.remaining > 0 {
            guard let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 24) else {
                words.append("(\(reader.remaining) bytes)")
                break
            }
            words.append("\(name(packet.kind)) \(packet.zxid)")
        }
        return words.joined(separator: ", ")
    }

    /// What a send of an election holds: votes, or a greeting before them.
    static func describeVotes(_ bytes: [UInt8]) -> String {
        // A greeting begins with a negative number, a vote with its length.
        guard bytes.first == 0 else { return "a greeting" }
        var words: [String] = []
        var reader = JuteReader(bytes.rawSpan)
        while let length = try? reader.readInt32(),
            let payload = try? reader.readSpan(count: Int(length)),
            let vote = try? Notification(payload: payload)
        {
            words.append(
                "\(vote.state), for \(vote.leader) at \(vote.zxid) of epoch \(vote.epoch) in round"
                    + " \(vote.round)")
        }
        return words.joined(separator: "; ")
    }

    /// Whether a packet of that kind is in what is sent.
    static func holds(_ kind: QuorumPacket.Kind, _ bytes: [UInt8]) -> Bool {
        var reader = JuteReader(bytes.rawSpan)
        while reader.remaining > 0 {
            guard let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 24) else {
                return false
            }
            if packet.kind == kind { return true }
        }
        return false
    }

    static func name(_ kind: QuorumPacket.Kind) -> String {
        switch kind {
        case .request: "REQUEST"
        case .proposal: "PROPOSAL"
        case .ack: "ACK"
        case .commit: "COMMIT"
        case .ping: "PING"
        case .revalidate: "REVALIDATE"
        case .sync: "SYNC"
        case .inform: "INFORM"
        case .commitAndActivate: "COMMITANDACTIVATE"
        case .informAndActivate: "INFORMANDACTIVATE"
        case .newLeader: "NEWLEADER"
        case .followerInfo: "FOLLOWERINFO"
        case .upToDate: "UPTODATE"
        case .diff: "DIFF"
        case .truncate: "TRUNC"
        case .snapshot: "SNAP"
        case .observerInfo: "OBSERVERINFO"
        case .leaderInfo: "LEADERINFO"
        case .ackEpoch: "ACKEPOCH"
        default: "packet \(kind.rawValue)"
        }
    }
}
