import Jute
import Records

/// A stand-in for the election until its own machines are there.
struct ElectionDriver {
    struct Vote: Equatable {
        var leader: ServerID
        var zxid: Zxid
        var epoch: Int64
        var round: Int64
        var state: ServerState
        static func better(_ a: Vote, _ b: Vote) -> Bool {
            (a.epoch, a.zxid.rawValue, a.leader.rawValue) > (
                b.epoch, b.zxid.rawValue, b.leader.rawValue
            )
        }
    }
    struct Peer {
        var member: Member
        var link: LinkID?
        var isUp = false
        var nextDial: Int64 = 0
    }
    struct Incoming {
        var server: ServerID?
        var bytes: [UInt8] = []
    }
    let settings: QuorumSettings
    let membership: Membership
    var peers: [Peer] = []
    var incoming: [LinkID: Incoming] = [:]
    var state = ServerState.looking
    var round: Int64 = 0
    var vote: Vote
    var mine: Vote
    var votes: [ServerID: Vote] = [:]
    var decision: ServerID?
    var decideAt: Int64?
    var nextResend: Int64?
    /// Whether this server has no data, and so votes only where nobody has any.
    var isEmpty = false
    /// Voters that have shown that they have no data either.
    var empties: Set<ServerID> = []
    /// When a quorum of servers without data is enough.
    var patienceEnds: Int64?
    var mayBegin = false

    init(settings: QuorumSettings, membership: Membership, seed: UInt64) {
        self.settings = settings
        self.membership = membership
        self.mine = Vote(
            leader: settings.myID, zxid: .zero, epoch: 0, round: 0, state: .looking)
        self.vote = mine
        for member in membership.members where member.id != settings.myID {
            peers.append(Peer(member: member))
        }
    }

    var nextDeadline: Int64? {
        var times = peers.filter { $0.link == nil }.map(\.nextDial)
        if let decideAt { times.append(decideAt) }
        if state == .looking, let nextResend { times.append(nextResend) }
        if isEmpty, let patienceEnds { times.append(patienceEnds) }
        return times.min()
    }

    mutating func takeDecision() -> ServerID? {
        defer { decision = nil }
        return decision
    }

    mutating func look(zxid: Zxid, epoch: Epoch, isVoter: Bool, _ context: inout PeerContext) {
        round += 1
        state = .looking
        mine = Vote(
            leader: settings.myID, zxid: zxid, epoch: Int64(epoch.rawValue), round: round,
            state: .looking)
        isEmpty = isVoter && zxid == .none
        if isEmpty, patienceEnds == nil {
            patienceEnds = context.now + settings.bootstrapPatience
        }
        if !isVoter { mine.zxid = Zxid(Int64.min); mine.epoch = Int64.min }
        vote = mine
        votes = [:]
        decideAt = nil
        broadcast(&context)
        checkNewEnsemble(context)
        count(&context)
    }

    mutating func settle(_ epoch: Epoch) { vote.epoch = Int64(epoch.rawValue) }

    private func bytes(_ context: PeerContext) -> [UInt8] {
        var writer = JuteWriter()
        let frame = writer.beginFrame()
        Notification(
            state: state, leader: vote.leader, zxid: vote.zxid, round: round, epoch: vote.epoch,
            configuration: MembershipText.encode(context.committed)
        ).write(to: &writer)
        writer.endFrame(frame)
        return writer.copyBytes()
    }

    mutating func broadcast(_ context: inout PeerContext) {
        nextResend = context.now + 200
        for peer in peers where peer.isUp {
            if let link = peer.link { context.effects.add(.electionSend(link, bytes(context))) }
        }
    }

    private func reply(to server: ServerID, _ context: inout PeerContext) {
        for peer in peers where peer.member.id == server && peer.isUp {
            if let link = peer.link { context.effects.add(.electionSend(link, bytes(context))) }
        }
    }

    mutating func dial(_ context: inout PeerContext) {
        for index in peers.indices
        where peers[index].link == nil && peers[index].nextDial <= context.now {
            let link = context.newLink()
            peers[index].link = link
            peers[index].isUp = false
            context.effects.add(
                .electionDial(link, peers[index].member.id, peers[index].member.election))
        }
    }

    /// A server without data has heard something of another voter.
    private mutating func notice(_ n: Notification, from server: ServerID) {
        if n.state == .looking, n.zxid <= .zero, n.epoch <= 0 {
            empties.insert(server)
        } else {
            empties = []
            patienceEnds = nil
        }
    }

    /// Whether the ensemble is new: all its voters have no data, or those that can be heard are a
    /// quorum and the others have had their time to say otherwise.
    private mutating func checkNewEnsemble(_ context: PeerContext) {
        guard isEmpty, state == .looking else { return }
        var servers = empties
        servers.insert(settings.myID)
        let isPatient = patienceEnds.map { context.now >= $0 } ?? false
        guard
            servers.isSuperset(of: membership.voters)
                || (isPatient && context.isQuorum(servers, of: membership))
        else { return }
        isEmpty = false
        mayBegin = true
    }

    mutating func hitDeadline(_ context: inout PeerContext) {
        checkNewEnsemble(context)
        if isEmpty, let end = patienceEnds, context.now >= end {
            patienceEnds = context.now + 100
        }
        if let decideAt, context.now >= decideAt { decide(context) }
        if state == .looking, let nextResend, context.now >= nextResend { broadcast(&context) }
    }

    mutating func accepted(_ link: LinkID) { incoming[link] = Incoming() }

    mutating func dialed(_ link: LinkID, _ context: inout PeerContext) {
        guard let index = peers.firstIndex(where: { $0.link == link }) else { return }
        peers[index].isUp = true
        var writer = JuteWriter()
        ElectionGreeting(server: settings.myID, address: "x:1").write(to: &writer)
        context.effects.add(.electionSend(link, writer.copyBytes() + bytes(context)))
    }

    mutating func closed(_ link: LinkID, _ context: inout PeerContext) {
        incoming[link] = nil
        guard let index = peers.firstIndex(where: { $0.link == link }) else { return }
        peers[index].link = nil
        peers[index].isUp = false
        peers[index].nextDial = context.now + 20
    }

    mutating func received(_ link: LinkID, _ more: RawSpan, _ context: inout PeerContext) {
        guard var stream = incoming[link] else { return }
        stream.bytes.append(contentsOf: Array(copying: more))
        var notifications: [Notification] = []
        let all = stream.bytes
        var reader = JuteReader(all.rawSpan)
        var done = 0
        do {
            if stream.server == nil {
                stream.server = try ElectionGreeting(from: &reader).server
                done = reader.offset
            }
            while true {
                let length = Int(try reader.readInt32())
                let span = try reader.readSpan(count: length)
                notifications.append(try Notification(payload: span))
                done = reader.offset
            }
        } catch {}
        let rest = Array(all[done...])
        stream.bytes = rest
        incoming[link] = stream
        guard let server = stream.server else { return }
        for notification in notifications { handle(notification, from: server, &context) }
    }

    private mutating func handle(
        _ n: Notification, from server: ServerID, _ context: inout PeerContext
    ) {
        guard state == .looking else {
            if n.state == .looking { reply(to: server, &context) }
            return
        }
        guard membership.isVoter(server) else { return }
        if isEmpty {
            notice(n, from: server)
            checkNewEnsemble(context)
        }
        // Whoever has no data has no opinion.
        guard membership.isVoter(n.leader), n.zxid != .none else { return }
        if isEmpty, n.state == .looking { return }
        let their = Vote(
            leader: n.leader, zxid: n.zxid, epoch: n.epoch, round: n.round, state: n.state)
        if n.state == .looking {
            if n.round > round {
                round = n.round
                votes = [:]
                vote = Vote.better(their, mine) ? their : mine
                broadcast(&context)
            } else if n.round < round {
                reply(to: server, &context)
                return
            } else if Vote.better(their, vote) {
                vote = their
                decideAt = nil
                broadcast(&context)
            }
        }
        votes[server] = their
        count(&context)
    }

    private mutating func count(_ context: inout PeerContext) {
        guard state == .looking, decision == nil else { return }
        // An established leader.
        for candidate in votes.values.filter({ $0.state == .leading }).sorted(by: {
            $0.leader < $1.leader
        }) {
            var servers = Set(
                votes.filter {
                    $0.value.state != .looking && $0.value.leader == candidate.leader
                }.keys)
            servers.insert(candidate.leader)
            if candidate.leader != settings.myID, context.isQuorum(servers),
                votes[candidate.leader]?.state == .leading
            {
                vote = candidate
                decide(context)
                return
            }
        }
        guard membership.isVoter(settings.myID), mine.zxid != .none else { return }
        var servers = Set(
            votes.filter {
                $0.value.state == .looking && $0.value.leader == vote.leader
                    && $0.value.round == round
            }.keys)
        servers.insert(settings.myID)
        guard context.isQuorum(servers) else {
            decideAt = nil
            return
        }
        if servers.count == membership.voters.count {
            decide(context)
        } else if decideAt == nil {
            decideAt = context.now + 30
        }
    }

    private mutating func decide(_ context: PeerContext) {
        decideAt = nil
        decision = vote.leader
        state =
            vote.leader == settings.myID
            ? .leading : membership.isVoter(settings.myID) ? .following : .observing
    }
}
