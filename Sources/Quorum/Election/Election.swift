import Mutants
import Records

/// Fast leader election, as every ZooKeeper server does it: all tell all whom they would have,
/// everybody adopts what is better, until a quorum agrees.
///
/// It also answers for a server that is not looking: that is how latecomers find the leader.
struct Election {
    /// Milliseconds that a quorum's choice waits for a better vote of a server not heard yet.
    static let finalWait: Int64 = 200

    let me: ServerID
    /// What this server is doing, as it tells others.
    var state = ServerState.looking
    /// The number of the election; grows with each, and to the largest that is heard.
    var round: Int64 = 0
    /// My vote at the beginning of this election: for myself, if I may lead.
    ///
    /// Otherwise for nobody, but with my own history: only who has at least that gets my vote.
    var initial = Vote.none
    /// Whether this server votes: whoever has data does.
    ///
    /// A configuration that it does not know yet may count it, and that is for others to decide.
    var mayVote = false
    /// My vote now.
    var proposal = Vote.none
    /// The vote that others are answered with when this server is not looking.
    var current = Vote.none
    /// Votes of this round.
    var received: [ServerID: Vote] = [:]
    /// Votes of servers that have a leader, of any round.
    var settled: [ServerID: Vote] = [:]
    /// Servers that cannot be reached: their votes are not waited for.
    var unreachable: Set<ServerID> = []
    /// Set while this server has no data.
    var newEnsemble: NewEnsemble?
    /// Whether this server may begin an empty history: asked and reset by the peer.
    var mayBegin = false
    /// When a quorum's choice becomes final.
    private(set) var finalAt: Int64?
    private(set) var resendAt: Int64?
    /// Milliseconds of silence after which everybody is told again; doubled each time.
    private var resendDelay: Int64 = 0
    /// The choice, until it is taken.
    private(set) var decision: ServerID?
    /// What is to be sent, in order.
    var outgoing: [(to: ServerID, notification: Notification)] = []

    init(me: ServerID) { self.me = me }

    /// Begins an election with what this server has on disk.
    mutating func look(_ context: PeerContext) {
        round += 1
        state = .looking
        received = [:]
        settled = [:]
        unreachable = []
        finalAt = nil
        decision = nil
        resendDelay = context.settings.resendDelay.lowerBound
        mayVote = context.history.hasDatabase || Mutant.emptyServerVotes.isOn
        if !mayVote, context.settings.mayBegin, context.committed.isVoter(me) {
            let patience = context.now + context.settings.bootstrapPatience
            if newEnsemble == nil { newEnsemble = NewEnsemble(me: me, patienceEnds: patience) }
        } else {
            newEnsemble = nil
        }
        initial = .none
        // Who may have lost its data must not pass for one of those that never had any.
        let isCandidate =
            (mayVote || context.settings.mayBegin) && context.committed.isVoter(me)
        if isCandidate || mayVote {
            initial = Vote(
                leader: isCandidate ? me : Vote.none.leader, zxid: Election.last(context.history),
                epoch: Int64(context.history.currentEpoch.rawValue), round: round,
                state: .looking, version: Notification.version)
        }
        propose(initial, context)
        count(context)
    }

    /// What this server has, as its vote says.
    private static func last(_ history: History) -> Zxid {
        if Mutant.emptyServerVotes.isOn, !history.hasDatabase { return .zero }
        return Mutant.votesWithDelivered.isOn ? history.delivered : history.lastLogged
    }

    /// Makes a vote mine and tells everybody.
    mutating func propose(_ vote: Vote, _ context: PeerContext) {
        proposal = vote
        proposal.round = round
        proposal.state = .looking
        proposal.version = Notification.version
        if mayVote, proposal.leader != Vote.none.leader { received[me] = proposal }
        finalAt = nil
        broadcast(context)
    }

    /// Tells every voter.
    mutating func broadcast(_ context: PeerContext) {
        resendAt = context.now + resendDelay
        for voter in context.everyVoter where voter != me {
            send(proposal, to: voter, context)
        }
    }

    private mutating func send(_ vote: Vote, to server: ServerID, _ context: PeerContext) {
        let notification = Notification(
            state: state, leader: vote.leader, zxid: vote.zxid, round: vote.round,
            epoch: vote.epoch, configuration: context.notedConfiguration,
            ensemble: context.settings.ensemble)
        outgoing.append((server, notification))
    }

    // MARK: Notifications

    /// A notification has come, from a server that knows this version of the configuration; the
    /// first over its link, or a later one.
    mutating func received(
        _ notification: Notification, isFirst: Bool, knowing version: Int64,
        from server: ServerID, _ context: PeerContext
    ) {
        let vote = Vote(notification)
        // No ensemble lives long enough for that; the next election would have no number.
        guard (-1...Int64.max / 2).contains(vote.round) else { return }
        let voters = context.everyVoter
        guard voters.contains(server) else {
            // Whoever does not vote asks for the leader; as long as there is none, a newer
            // configuration is all there is to learn. Two that look and do not count each other
            // would go on answering for ever.
            if vote.state == .looking, state != .looking || version < context.committed.version {
                answer(server, round: round, context)
            }
            return
        }
        guard state == .looking else {
            if vote.state == .looking { answer(server, round: current.round, context) }
            return
        }
        if vote.state == .looking, vote.round < round { send(proposal, to: server, context) }
        if newEnsemble?.heard(vote, isFirst: isFirst, from: server) == true {
            // If it is as new as this server, it says so again for the same reason.
            send(proposal, to: server, context)
        }
        checkNewEnsemble(context)
        guard voters.contains(vote.leader) else {
            if vote.leader == Vote.none.leader { receivedUndecided(vote, context) }
            return
        }
        switch vote.state {
        case .looking: receivedLooking(vote, from: server, context)
        case .following, .leading: receivedSettled(vote, from: server, context)
        case .observing: break
        }
    }

    /// Whether somebody who looks would have a better leader than the one that was chosen.
    func isOutvoted(by notification: Notification, _ context: PeerContext) -> Bool {
        notification.round >= current.round
            && Vote(notification).isBetter(than: current, in: QuorumSystem(context.committed))
    }

    private mutating func answer(_ server: ServerID, round: Int64, _ context: PeerContext) {
        var vote = state == .looking ? proposal : current
        vote.round = round
        send(vote, to: server, context)
    }

    private mutating func receivedLooking(
        _ vote: Vote, from server: ServerID, _ context: PeerContext
    ) {
        // Who has no data has no opinion, and who does not vote none about elections.
        guard mayVote, vote.zxid != .none else { return }
        standIfNeeded(against: vote, context)
        let system = QuorumSystem(context.committed)
        if vote.round > round {
            round = vote.round
            received = [:]
            propose(vote.isBetter(than: initial, in: system) ? vote : initial, context)
        } else if vote.round < round {
            return
        } else if vote.isBetter(than: proposal, in: system) {
            propose(vote, context)
        } else if proposal.isBetter(than: vote, in: system) {
            // It may have been at something else when mine came; Apache ZooKeeper's servers
            // find out when that is sent again, 200 ms later.
            send(proposal, to: server, context)
        }
        received[server] = vote
        unreachable.remove(server)
        count(context)
    }

    /// A voter of the next configuration alone stands only if it has more history than whom the
    /// others would have: who does not know that configuration yet cannot vote for it.
    private mutating func standIfNeeded(against vote: Vote, _ context: PeerContext) {
        guard initial.leader == Vote.none.leader, context.everyVoter.contains(me),
            (initial.epoch, initial.zxid) > (vote.epoch, vote.zxid)
        else { return }
        initial.leader = me
        if proposal.leader == Vote.none.leader { propose(initial, context) }
    }

    /// Somebody votes for nobody yet: if it has come further in rounds, it waits there for my vote.
    private mutating func receivedUndecided(_ vote: Vote, _ context: PeerContext) {
        guard mayVote, vote.state == .looking, vote.round > round else { return }
        round = vote.round
        received = [:]
        propose(initial, context)
        count(context)
    }

    private mutating func receivedSettled(
        _ vote: Vote, from server: ServerID, _ context: PeerContext
    ) {
        if vote.round == round {
            // Those in here are compared by the leader alone.
            received[server] = vote
            received[server]?.version = 0
            if follows(vote, by: received, context) {
                decide(vote, context)
                return
            }
        }
        settled[server] = vote
        if follows(vote, by: settled, context) {
            round = vote.round
            decide(vote, context)
        }
    }

    // MARK: Counting

    /// Whether a quorum of every configuration that governs casts this vote.
    private func agree(
        _ votes: [ServerID: Vote], on vote: Vote, _ context: PeerContext
    ) -> Bool {
        context.isQuorum(Set(votes.filter { $0.value.agrees(with: vote) }.keys))
    }

    /// Whether who leads is beyond doubt.
    ///
    /// Who only follows needs no quorum of what is proposed: the leader needs it, and counts it.
    private func follows(
        _ vote: Vote, by votes: [ServerID: Vote], _ context: PeerContext
    ) -> Bool {
        guard isLeader(vote, by: votes) else { return false }
        if vote.leader == me { return agree(votes, on: vote, context) }
        let servers = Set(votes.filter { $0.value.agrees(with: vote) }.keys)
        return context.isQuorum(servers, of: context.committed)
    }

    /// Whether the leader itself says so: hearsay alone would elect the dead.
    private func isLeader(_ vote: Vote, by votes: [ServerID: Vote]) -> Bool {
        if vote.leader == me { return vote.round == round && initial.leader == me && mayVote }
        return votes[vote.leader]?.state == .leading
    }

    /// Looks whether a quorum agrees with me; final when nobody is left who could know better.
    mutating func count(_ context: PeerContext) {
        guard state == .looking, decision == nil, mayVote,
            agree(received, on: proposal, context)
        else {
            finalAt = nil
            return
        }
        let missing = context.everyVoter.filter {
            received[$0] == nil && !unreachable.contains($0)
        }
        if missing.isEmpty {
            decide(proposal, context)
        } else if let finalAt {
            if context.now >= finalAt { decide(proposal, context) }
        } else {
            finalAt = context.now + Election.finalWait
        }
    }

    private mutating func decide(_ vote: Vote, _ context: PeerContext) {
        settle(on: vote, round: round, context)
        decision = vote.leader
    }

    private mutating func settle(on vote: Vote, round: Int64, _ context: PeerContext) {
        if vote.leader == me {
            state = .leading
        } else {
            state = context.isObserver ? .observing : .following
        }
        current = vote
        current.round = round
        current.state = state
        finalAt = nil
        resendAt = nil
    }

    /// A change of the configuration has decided: what others are answered with belongs to no
    /// round, and to no epoch before that is settled.
    mutating func follow(_ succession: Succession, _ context: PeerContext) {
        let vote = Vote(
            leader: succession.leader, zxid: succession.zxid, epoch: -1, round: -1,
            state: .looking, version: Notification.version)
        settle(on: vote, round: -1, context)
        decision = nil
    }

    /// The choice, once.
    mutating func takeDecision() -> ServerID? {
        defer { decision = nil }
        return decision
    }

    /// The leader's epoch is settled: latecomers are told this one.
    mutating func settle(_ epoch: Epoch) { current.epoch = Int64(epoch.rawValue) }

    // MARK: Time

    var nextDeadline: Int64? {
        guard state == .looking else { return nil }
        var earliest = resendAt
        for deadline in [finalAt, newEnsemble?.deadline] {
            guard let deadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    mutating func hitDeadline(_ context: PeerContext) {
        guard state == .looking else { return }
        checkNewEnsemble(context)
        count(context)
        guard state == .looking, let resendAt, context.now >= resendAt else { return }
        resendDelay = min(resendDelay * 2, context.settings.resendDelay.upperBound)
        broadcast(context)
    }

    /// A server's vote cannot come.
    mutating func cannotReach(_ server: ServerID, _ context: PeerContext) {
        guard state == .looking else { return }
        unreachable.insert(server)
        count(context)
    }

    private mutating func checkNewEnsemble(_ context: PeerContext) {
        guard newEnsemble?.isConfirmed(context.committed, now: context.now) ?? false
        else { return }
        newEnsemble = nil
        mayBegin = true
    }
}
