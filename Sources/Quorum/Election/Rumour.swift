import Configuration
import Records

// What servers that look for a leader tell each other of a configuration that is only proposed.
//
// Its voters count for those who have it in their logs, and one of them may be the only one who
// can lead. A server that does not have it must know of them, to vote for one and to find it; it
// counts nobody by a rumour. In a notification it stands behind the configuration in force, as
// comments, which Apache ZooKeeper's servers skip.

extension PeerContext {
    private static let prefix = "#next "

    /// The configuration of a notification.
    var notedConfiguration: [UInt8] {
        let text = Array(committed.text.utf8)
        guard pendingChange != nil else { return text }
        let next = lastSeen.text.split(separator: "\n").map { PeerContext.prefix + $0 }
        return text + Array(("\n" + next.joined(separator: "\n")).utf8)
    }

    /// Takes note of what a notification says about the next configuration.
    mutating func hear(_ configuration: [UInt8]) {
        guard settings.reconfigEnabled else { return }
        let lines = configuration.split(separator: UInt8(ascii: "\n")).filter {
            $0.starts(with: PeerContext.prefix.utf8)
        }
        guard !lines.isEmpty else { return }
        let text = lines.map { $0.dropFirst(PeerContext.prefix.utf8.count) }
        guard
            let heard = try? Membership(text: Array(text.joined(separator: [UInt8(ascii: "\n")]))),
            heard.version > max(committed.version, lastSeen.version, rumour?.version ?? 0)
        else { return }
        rumour = heard
    }

    /// A member of the configuration in force, of the next, or of one that is heard of.
    func member(_ server: ServerID) -> Member? {
        committed.member(server) ?? lastSeen.member(server) ?? rumour?.member(server)
    }

    /// Those who vote by the configuration in force, by the next, or by one that is heard of.
    var everyVoter: [ServerID] {
        var voters = Set(committed.voters)
        if pendingChange != nil { voters.formUnion(lastSeen.voters) }
        if let rumour, rumour.version > max(committed.version, lastSeen.version) {
            voters.formUnion(rumour.voters)
        }
        return voters.sorted()
    }
}
