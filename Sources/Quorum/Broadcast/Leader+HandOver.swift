import Records

// A leader that goes on the wish of somebody: with a change of the configuration that changes
// nobody but names who is to lead from its commit on. Followers of any make go there at once.

/// Who is to lead, once a change is committed.
struct HandOver: Equatable {
    /// The most milliseconds that commits wait for the successor.
    static let patience: Int64 = 500

    var successor: ServerID
    /// The change.
    var zxid: Zxid
    /// When it is given up: the change then commits, and nothing changes.
    var deadline: Int64
}

extension Leader {
    /// Whether `server` could take over: it votes, and has all but the newest proposals.
    func canSucceed(_ server: ServerID, _ context: PeerContext) -> Bool {
        server != context.settings.myID && context.committed.isVoter(server)
            && candidate(server) != nil
    }

    private func candidate(_ server: ServerID) -> LearnerConnection? {
        learners.first {
            $0.server == server && $0.kind == .follower && $0.isForwarding && $0.isSynchronized
        }
    }

    /// The next proposal changes the configuration, and `server` is to lead by it.
    mutating func handOver(to server: ServerID, _ context: PeerContext) {
        handOver = HandOver(
            successor: server, zxid: nextZxid, deadline: context.now + HandOver.patience)
    }

    /// How much of what could be committed may be.
    ///
    /// The change waits until the successor has all that was ever proposed: whoever had more than
    /// its leader could not follow it, and would have to elect another. Nothing behind it commits
    /// meanwhile, so clients wait, and the successor gets there.
    mutating func held(_ zxid: Zxid?, _ context: PeerContext) -> Zxid? {
        guard let zxid, let planned = handOver, zxid >= planned.zxid else { return zxid }
        guard let candidate = candidate(planned.successor), context.now < planned.deadline else {
            handOver = nil
            return zxid
        }
        if candidate.acknowledged >= lastProposed { return zxid }
        let before = Zxid(planned.zxid.rawValue - 1)
        guard let first = context.history.tail.first?.zxid, first <= before else { return nil }
        return before
    }

    /// Who takes over by the change at `zxid`, if that was asked for.
    func wantedSuccessor(at zxid: Zxid) -> ServerID? {
        guard let planned = handOver, planned.zxid == zxid,
            let candidate = candidate(planned.successor), candidate.acknowledged >= zxid
        else { return nil }
        return planned.successor
    }

    /// The time for a hand-over is up.
    mutating func giveUpHandOver(_ context: inout PeerContext) {
        guard let planned = handOver, context.now >= planned.deadline else { return }
        hasNewAcknowledgements = true
        evaluateAcknowledgements(&context)
        handOver = nil
    }
}
