// What servers say of themselves, and who of them is in step.

internal import Jute
internal import Records

/// Where a server listens for clients.
struct ServerPlace {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A client address that is a wildcard is at the server's host.
    init(_ member: Member) {
        let client = member.client
        let isWildcard = client?.isWildcard ?? true
        host = (isWildcard ? member.quorum.host : client?.host ?? member.quorum.host).description
        port = Int(client?.port ?? 0)
    }
}

extension Endpoint {
    /// Whether its host is every address of the machine that reads it.
    var isWildcard: Bool { ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(host.description) }
}

/// What a server answers to `srvr`.
struct ServerAnswer {
    /// A server this many transactions behind is in step: it was asked a moment after the leader.
    private static let lagMax = 1000

    /// Nil if it serves nobody.
    var mode: ObservedServer.Mode?
    /// The last transaction it has applied.
    var zxid: UInt64?

    private init(_ text: String?) {
        for line in (text ?? "").split(separator: "\n") {
            if line.hasPrefix("Mode: ") {
                mode = ObservedServer.Mode(rawValue: String(line.dropFirst(6)))
            } else if line.hasPrefix("Zxid: 0x") {
                zxid = UInt64(line.dropFirst(8), radix: 16)
            }
        }
    }

    /// Asks all of them at once.
    static func ask(_ places: [ServerPlace]) -> [ServerAnswer] {
        ask("srvr", places).map { ServerAnswer($0) }
    }

    /// What they say they are; nil where there is no answer.
    static func versions(_ places: [ServerPlace]) -> [String?] {
        ask("srvr", places).map { answer in
            answer?.split(separator: "\n").first { $0.hasPrefix("Zookeeper version: ") }
                .map(String.init)
        }
    }

    private static func ask(_ word: String, _ places: [ServerPlace]) -> [String?] {
        FourLetterClient.ask(
            places.map { FourLetterClient.Question(word: word, host: $0.host, port: $0.port) })
    }

    /// How many transactions of the leader's epoch it has not applied.
    private func lag(behind leader: UInt64) -> Int? {
        guard let zxid else { return nil }
        let last = Int(leader & 0xffff_ffff)
        guard zxid >> 32 == leader >> 32 else { return zxid > leader ? 0 : last }
        return max(0, last - Int(zxid & 0xffff_ffff))
    }

    /// Who is in step: whoever serves in the leader's epoch, if the leader counts as many.
    static func judge(
        _ view: inout EnsembleView, _ places: [ServerPlace], _ answers: [ServerAnswer]
    ) {
        guard let leader = view.servers.firstIndex(where: { $0.mode == .leader }),
            let last = answers[leader].zxid
        else { return }
        // Observers may follow a follower, of which the leader does not know.
        let others = view.servers.count { $0.mode == .follower }
        let learners = ask("mntr", [places[leader]])[0].flatMap { syncedLearners($0) }
        let isTrusted = learners.map { $0 >= others } ?? true
        for place in view.servers.indices {
            guard view.servers[place].mode != nil else { continue }
            let lag = answers[place].lag(behind: last)
            view.servers[place].lag = lag
            view.servers[place].isSynced =
                place == leader || (isTrusted && lag.map { $0 <= lagMax } ?? false)
        }
    }

    /// How many followers a leader counts as in step; nil if it does not say.
    private static func syncedLearners(_ figures: String) -> Int? {
        var sum: Int?
        for line in figures.split(separator: "\n") {
            let words = line.split(separator: "\t")
            // Apache ZooKeeper may write 2.0.
            guard words.count == 2, let number = Int(words[1].prefix { $0 != "." }) else {
                continue
            }
            switch words[0] {
            case "zk_synced_followers", "zk_synced_non_voting_followers":
                sum = Int.sum(sum, number)
            default: break
            }
        }
        return sum
    }
}

extension Int {
    /// A sum of figures that servers say; beyond what can be counted it is the most there is.
    static func sum(_ sum: Int?, _ figure: Int) -> Int {
        let (total, isBeyond) = (sum ?? 0).addingReportingOverflow(Swift.max(0, figure))
        return isBeyond ? .max : total
    }
}
