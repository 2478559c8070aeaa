// Whether one server is alive, and whether clients should be sent to it: for probes.

/// The health of one server, from what it answers.
public struct ServerHealth: Equatable, Sendable {
    /// Whether the question is answered with yes.
    public let isGood: Bool
    /// Why, in a line.
    public let reason: String

    init(_ isGood: Bool, _ reason: String) {
        self.isGood = isGood
        self.reason = reason
    }

    /// Alive: it makes progress.
    ///
    /// A quorum is no part of it, or all would be started again whenever one is missing.
    public static func alive(
        _ host: String, _ port: Int, milliseconds: Int
    ) -> ServerHealth {
        let answer = FourLetterClient.ask(
            [FourLetterClient.Question(word: "ruok", host: host, port: port)],
            milliseconds: milliseconds)
        return alive(answer[0], at: "\(host):\(port)")
    }

    /// Ready: it is in a quorum and in step with it.
    public static func ready(
        _ host: String, _ port: Int, milliseconds: Int
    ) -> ServerHealth {
        let answers = FourLetterClient.ask(
            ["srvr", "mntr"].map {
                FourLetterClient.Question(word: $0, host: host, port: port)
            }, milliseconds: milliseconds)
        return ready(summary: answers[0], figures: answers[1], at: "\(host):\(port)")
    }

    /// leader, follower, observer, standalone or read-only; nil if it serves nobody.
    public static func mode(_ host: String, _ port: Int, milliseconds: Int) -> String? {
        let answer = FourLetterClient.ask(
            [FourLetterClient.Question(word: "srvr", host: host, port: port)],
            milliseconds: milliseconds)
        return ServerSummary(answer[0]).mode
    }

    /// Any answer shows that its loop turns, also one that `ruok` is not allowed.
    static func alive(_ answer: String?, at place: String) -> ServerHealth {
        guard let answer, !answer.isEmpty else {
            return ServerHealth(false, "not alive: nothing at \(place) answers")
        }
        return ServerHealth(true, "alive")
    }

    /// `srvr` is always allowed; `mntr`, if it is, tells whether a learner has caught up.
    static func ready(summary: String?, figures: String?, at place: String) -> ServerHealth {
        guard let summary, !summary.isEmpty else {
            return ServerHealth(false, "not ready: nothing at \(place) answers")
        }
        guard let mode = ServerSummary(summary).mode else {
            return ServerHealth(false, "not ready: it serves nobody, for want of a quorum")
        }
        guard mode != "read-only" else {
            return ServerHealth(false, "not ready: it has no quorum and serves reads only")
        }
        let figures = ServerFigures(figures)
        if let state = figures["zk_peer_state"], !state.hasSuffix("broadcast") {
            return ServerHealth(false, "not ready: \(state)")
        }
        if mode == "leader", let size = figures.count("zk_quorum_size"),
            let synced = figures.count("zk_synced_followers"), synced < size / 2
        {
            return ServerHealth(
                false, "not ready: it leads, but \(synced) of \(size / 2) followers are in step")
        }
        return ServerHealth(true, "ready: \(mode)")
    }
}
