// Where servers are asked how they are, and who of them is in step.

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

    /// What all of them say of themselves, asked at once.
    static func summaries(_ places: [ServerPlace]) -> [ServerSummary] {
        ask("srvr", places).map { ServerSummary($0) }
    }

    static func ask(_ word: String, _ places: [ServerPlace]) -> [String?] {
        FourLetterClient.ask(
            places.map { FourLetterClient.Question(word: word, host: $0.host, port: $0.port) })
    }
}

extension Endpoint {
    /// Whether its host is every address of the machine that reads it.
    var isWildcard: Bool { ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(host.description) }
}

extension EnsembleView {
    /// A server this many transactions behind is in step: it was asked a moment after the leader.
    private static let lagMax = 1000

    /// Who is in step: whoever serves in the leader's epoch, if the leader counts as many.
    ///
    /// `places` and `summaries` are of `servers`, in their order.
    mutating func judge(_ places: [ServerPlace], _ summaries: [ServerSummary]) {
        guard let leader = servers.firstIndex(where: { $0.mode == .leader }),
            let last = summaries[leader].zxid
        else { return }
        // Observers may follow a follower, of which the leader does not know.
        let others = servers.count { $0.mode == .follower }
        let figures = ServerFigures(ServerPlace.ask("mntr", [places[leader]])[0])
        let isTrusted = figures.syncedLearners.map { $0 >= others } ?? true
        for place in servers.indices {
            guard servers[place].mode != nil else { continue }
            let lag = summaries[place].zxid?.lag(behind: last)
            servers[place].lag = lag
            servers[place].isSynced =
                place == leader
                || (isTrusted && lag.map { $0 <= EnsembleView.lagMax } ?? false)
        }
    }
}
