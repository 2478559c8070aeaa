import Jute
import Records

struct StandInMajority {
    let membership: Membership
    init(_ m: Membership) { membership = m }
    func contains(_ s: Set<ServerID>) -> Bool {
        let voters = membership.voters
        return voters.filter { s.contains($0) }.count > voters.count / 2
    }
}

/// The text of a membership, as NEWLEADER carries it.
enum MembershipText {
    static func encode(_ membership: Membership) -> [UInt8] {
        var lines: [String] = []
        for member in membership.members {
            var line = "server.\(member.id)=\(member.quorum):\(member.election.port)"
            line += member.role == .participant ? ":participant" : ":observer"
            if let client = member.client { line += ";\(client)" }
            lines.append(line)
        }
        lines.append("version=" + String(UInt64(bitPattern: membership.version), radix: 16))
        return Array(lines.joined(separator: "\n").utf8)
    }

    static func decode(_ text: [UInt8]) -> Membership? { nil }
}
