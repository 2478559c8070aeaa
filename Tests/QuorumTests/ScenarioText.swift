import Jute
import Records

@testable import Quorum
@testable import Simulation

/// What goes over the links of a scenario, as a person reads it.
enum ScenarioText {
    /// A packet of the quorum port.
    struct Packet {
        var name: String
        var text: String
        var bytes: [UInt8]
    }

    static func packets(in bytes: [UInt8]) -> [Packet] {
        var packets: [Packet] = []
        var reader = JuteReader(bytes.rawSpan)
        while reader.remaining > 0 {
            let start = reader.offset
            guard let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 20) else {
                packets.append(
                    Packet(name: "", text: "what is no packet", bytes: Array(bytes[start...])))
                break
            }
            packets.append(
                Packet(
                    name: QuorumTranscript.name(packet.kind), text: text(packet),
                    bytes: Array(bytes[start..<reader.offset])))
        }
        return packets
    }

    private static func text(_ packet: QuorumPacket) -> String {
        let name = QuorumTranscript.name(packet.kind)
        switch packet.kind {
        case .request, .upToDate: return name
        case .commitAndActivate, .informAndActivate:
            let leader = Activation(packet.data).map { ", \($0.leader) leads" }
            return "\(name) \(packet.zxid.told)\(leader ?? "")"
        case .ackEpoch:
            let data = packet.data ?? []
            var reader = JuteReader(data.rawSpan)
            let epoch = (try? reader.readInt32()) ?? -1
            return "\(name) \(packet.zxid.told)" + (epoch < 0 ? "" : " of epoch \(epoch)")
        default: return "\(name) \(packet.zxid.told)"
        }
    }

    /// The notifications in what goes over an election port; a greeting is none.
    static func votes(in bytes: [UInt8]) -> [String] {
        var votes: [String] = []
        var reader = JuteReader(bytes.rawSpan)
        while let payload = try? reader.readBuffer(),
            let notification = try? Notification(payload: payload.rawSpan)
        {
            votes.append(text(notification))
        }
        return votes
    }

    private static func text(_ notification: Notification) -> String {
        let (leader, round) = (notification.leader, notification.round)
        let end = "(epoch \(notification.epoch), \(notification.zxid.told))"
        switch notification.state {
        case .looking where leader.rawValue < 0: return "votes for nobody in round \(round)"
        case .looking: return "votes for \(leader) \(end) in round \(round)"
        case .following: return "follows \(leader) \(end) since round \(round)"
        case .leading: return "leads \(end) since round \(round)"
        case .observing: return "observes \(leader) \(end) since round \(round)"
        }
    }
}

extension Zxid {
    var told: String { self == .none ? "nothing" : "\(epoch).\(counter)" }
}

extension Collection<Proposal> {
    var told: String { map(\.zxid.told).joined(separator: " ") }
}

extension QuorumRole {
    var told: String {
        switch self {
        case .looking: "looks"
        case .leading(let epoch): "leads epoch \(epoch)"
        case .following(let leader): "follows \(leader)"
        case .observing(let leader): "observes \(leader)"
        }
    }
}
