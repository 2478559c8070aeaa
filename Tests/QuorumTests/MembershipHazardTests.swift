import Configuration
import Jute
import Records
import Testing

@testable import Quorum

// Changes of the members at moments when something else goes wrong, and bytes that would be their end.

private func zxid(_ epoch: Int32, _ counter: UInt32) -> Zxid {
    Zxid(epoch: Epoch(epoch), counter: counter)
}

private func member(_ id: Int64, _ role: MemberRole = .participant) -> Member {
    Member(
        id: ServerID(id), quorum: Endpoint(host: "host", port: UInt16(id * 100 + 1)),
        election: Endpoint(host: "host", port: UInt16(id * 100 + 2)), client: nil, role: role)
}

private func config(_ version: Zxid, _ ids: [Int64]) -> Membership {
    Membership(version: version.rawValue, members: ids.map { member($0) })
}

private func reconfig(_ membership: Membership) -> Proposal {
    let at = Zxid(membership.version)
    let header = TransactionHeader(
        session: SessionID(7), cxid: Xid(1), zxid: at, time: 7, type: .reconfig)
    let body = TransactionBody.reconfig(
        "/zookeeper/config", data: Array(membership.text.utf8), version: -1)
    return Proposal(zxid: at, bytes: Transaction(header: header, body: body).encoded)
}

private func write(_ at: Zxid) -> Proposal { Proposal(zxid: at, bytes: [1]) }

private func settings(_ id: Int64) -> QuorumSettings {
    QuorumSettings(myID: ServerID(id), tickTime: 200, reconfigEnabled: true)
}

private func frame(
    _ state: ServerState, leader: Int64, _ last: Zxid, round: Int64, epoch: Int64,
    _ membership: Membership
) -> [UInt8] {
    var writer = JuteWriter()
    let start = writer.beginFrame()
    Notification(
        state: state, leader: ServerID(leader), zxid: last, round: round, epoch: epoch,
        configuration: Array(membership.text.utf8)
    ).write(to: &writer)
    writer.endFrame(start)
    return writer.copyBytes()
}

private func greeting(_ id: Int64) -> [UInt8] {
    var writer = JuteWriter()
    ElectionGreeting(server: ServerID(id), address: ByteString("host:\(id * 100 + 2)"))
        .write(to: &writer)
    return writer.copyBytes()
}

/// One peer, and others that say what the test wants.
private final class Lone {
    var peer: QuorumPeer
    var now: Int64 = 0
    var effects: [QuorumEffect] = []
    var link: LinkID?
    var log: [Proposal]
    let id: Int64

    init(
        _ id: Int64, _ committed: Membership, lastSeen: Membership? = nil, log: [Proposal],
        epoch: Int32
    ) {
        self.id = id
        self.log = log
        peer = QuorumPeer(
            settings: settings(id), membership: committed, lastSeen: lastSeen,
            history: QuorumHistory(
                lastLogged: log.last?.zxid ?? .zero, committedLog: log, acceptedEpoch: Epoch(epoch),
                currentEpoch: Epoch(epoch)), seed: 1)
        peer.start(now: now)
        drain()
    }

    func drain() {
        while true {
            let more = peer.takeEffects()
            if more.isEmpty { return }
            effects += more
            for effect in more {
                switch effect {
                case .append(let proposals): log += proposals
                default: break
                }
            }
            var durable: Zxid?
            for effect in more {
                switch effect {
                case .append(let proposals): durable = proposals.last?.zxid
                case .truncateLog(let to):
                    log.removeAll { $0.zxid > to }
                    peer.databaseReloaded(
                        QuorumHistory(
                            lastLogged: log.last?.zxid ?? .zero, committedLog: log,
                            acceptedEpoch: .zero, currentEpoch: .zero), now: now)
                case .quorumDial(let dialed, _): link = dialed
                default: break
                }
            }
            if let durable { peer.logged(through: durable, now: now) }
        }
    }

    func vote(_ from: Int64, _ bytes: [UInt8]) {
        let link = peer.newLink()
        peer.electionAccepted(link, now: now)
        peer.electionReceived(link, (greeting(from) + bytes).rawSpan, now: now)
        drain()
    }

    func pass(_ time: Int64) {
        now += time
        peer.hitDeadline(now: now)
        drain()
    }

    func say(_ kind: QuorumPacket.Kind, _ at: Zxid, _ data: [UInt8]? = nil) {
        guard let link else { return }
        peer.quorumReceived(
            link, QuorumPacket(kind, zxid: at, data: data).encoded.rawSpan, now: now)
        drain()
    }

    func connect() {
        guard let link else { return }
        peer.quorumDialed(link, now: now)
        drain()
    }

    /// The leader offers its epoch.
    func offer(_ epoch: Int32) {
        connect()
        say(.leaderInfo, zxid(epoch, 0), [0, 1, 0, 0])
    }

    func say(_ proposal: Proposal) { say(.proposal, proposal.zxid, proposal.bytes) }
}

/// Several peers, a network that takes no time, disks that never fail.
private final class Ensemble {
    struct End { let server: Int64; let link: LinkID; let isQuorum: Bool }
    var peers: [Int64: Lone] = [:]
    var others: [String: End] = [:]
    var queue: [() -> Void] = []
    var listening: Set<Int64> = []
    var now: Int64 = 0
    var trace: [String] = []

    func key(_ server: Int64, _ link: LinkID) -> String { "\(server)\(link)" }

    func add(_ lone: Lone) { peers[lone.id] = lone }

    func perform(_ id: Int64) {
        guard let lone = peers[id] else { return }
        lone.drain()
        let effects = lone.effects
        lone.effects = []
        for effect in effects { perform(effect, id) }
    }

    func perform(_ effect: QuorumEffect, _ id: Int64) {
        switch effect {
        case .electionDial(let link, let server, _):
            dial(id, link, server.rawValue, isQuorum: false)
        case .quorumDial(let link, let endpoint):
            dial(id, link, Int64(endpoint.port / 100), isQuorum: true)
        case .electionSend(let link, let bytes), .quorumSend(let link, let bytes):
            guard let other = others[key(id, link)] else { return }
            queue.append { [self] in
                guard let lone = peers[other.server] else { return }
                if other.isQuorum {
                    lone.peer.quorumReceived(other.link, bytes.rawSpan, now: now)
                } else {
                    lone.peer.electionReceived(other.link, bytes.rawSpan, now: now)
                }
                perform(other.server)
            }
        case .electionClose(let link), .quorumClose(let link):
            guard let other = others[key(id, link)] else { return }
            others[key(id, link)] = nil
            queue.append { [self] in
                guard let lone = peers[other.server] else { return }
                if other.isQuorum {
                    lone.peer.quorumClosed(other.link, now: now)
                } else {
                    lone.peer.electionClosed(other.link, now: now)
                }
                perform(other.server)
            }
        case .quorumListen(let on):
            if on { listening.insert(id) } else { listening.remove(id) }
        case .roleChanged(let role): trace.append("\(now) \(id) \(role)")
        case .note(let text, _): trace.append("\(now) \(id) \(text)")
        default: break
        }
    }

    func dial(_ id: Int64, _ link: LinkID, _ server: Int64, isQuorum: Bool) {
        queue.append { [self] in
            guard let caller = peers[id] else { return }
            guard let callee = peers[server], !isQuorum || listening.contains(server) else {
                if isQuorum {
                    caller.peer.quorumDialFailed(link, now: now)
                } else {
                    caller.peer.electionDialFailed(link, now: now)
                }
                return perform(id)
            }
            let accepted = callee.peer.newLink()
            others[key(id, link)] = End(server: server, link: accepted, isQuorum: isQuorum)
            others[key(server, accepted)] = End(server: id, link: link, isQuorum: isQuorum)
            if isQuorum {
                callee.peer.quorumAccepted(accepted, now: now)
                perform(server)
                caller.peer.quorumDialed(link, now: now)
            } else {
                callee.peer.electionAccepted(accepted, now: now)
                perform(server)
                caller.peer.electionDialed(link, now: now)
            }
            perform(id)
        }
    }

    func run(_ time: Int64) {
        let end = now + time
        for id in peers.keys.sorted() { perform(id) }
        while now < end {
            var count = 0
            while !queue.isEmpty, count < 10_000 {
                queue.removeFirst()()
                count += 1
            }
            now += 10
            for id in peers.keys.sorted() {
                guard let lone = peers[id] else { continue }
                lone.now = now
                lone.peer.hitDeadline(now: now)
                perform(id)
            }
        }
    }

    var leaders: [Int64] {
        peers.keys.sorted().filter {
            if case .leading = peers[$0]?.peer.status.role { return true }
            return false
        }
    }
}

struct MembershipHazardTests {
    private static let old = config(zxid(1, 0), [1, 2, 3])

    // MARK: Elections

    /// Server 1 led, proposed to take server 4 in, and died for good. 2 and 4 have the proposal,
    // 3 does not: 2, 3 and 4 are quorums of both.
    @Test(arguments: [[1, 2, 3, 4], [2, 3, 4]] as [[Int64]], [true, false])
    func `a leader that dies while a change is proposed is survived`(
        ids: [Int64], third: Bool
    ) {
        let next = config(zxid(1, 10), ids)
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.add(
            Lone(
                3, Self.old, lastSeen: third ? next : nil,
                log: begin + (third ? [reconfig(next)] : []), epoch: 1))
        ensemble.add(Lone(4, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.run(120_000)
        #expect(ensemble.leaders.count == 1, "\(ensemble.trace)")
    }

    /// The same, but 4 has more than 2: 3 votes for whom it knows by hearsay alone.
    @Test func `a voter of the next configuration alone may have the longest history`() {
        let next = config(zxid(1, 10), [1, 2, 3, 4])
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.add(Lone(3, Self.old, log: begin, epoch: 1))
        ensemble.add(
            Lone(
                4, Self.old, lastSeen: next,
                log: begin + [reconfig(next), write(zxid(1, 11))], epoch: 1))
        ensemble.run(120_000)
        #expect(ensemble.leaders == [4], "\(ensemble.trace.suffix(5))")
    }

    // Server 1 proposed to take in 4 and 5, and nobody else has that. Both went away for good.
    @Test func `a server with a lost proposal follows the leader of the others`() {
        let next = config(zxid(1, 10), [1, 2, 3, 4, 5])
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, log: begin, epoch: 1))
        ensemble.add(Lone(3, Self.old, log: begin, epoch: 1))
        ensemble.run(5000)
        #expect(ensemble.leaders.count == 1)
        let one = Lone(1, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1)
        one.now = ensemble.now
        ensemble.add(one)
        ensemble.run(120_000)
        #expect(one.peer.status.role != .looking, "\(ensemble.trace)")
        // A follower dies: 1 and the leader are a quorum of what is in force.
        let follower: Int64 = ensemble.leaders == [2] ? 3 : 2
        ensemble.peers[follower] = nil
        ensemble.run(120_000)
        #expect(ensemble.leaders.count == 1)
    }

    // MARK: What is proposed belongs to the log

    @Test func `what stands in dynamic next and not in the log never binds anybody`() {
        // Server 1 led epoch 1, wrote .dynamic.next, and died before the log had it.
        let lost = config(zxid(1, 10), [1, 4, 5])
        let begin = [write(zxid(1, 9))]
        var file: Membership? = lost
        let first = Lone(1, Self.old, lastSeen: file, log: begin, epoch: 1)
        #expect(first.peer.lastSeenMembership == Self.old)
        // It follows server 2 in epoch 2.
        first.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        first.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        first.offer(2)
        first.say(.diff, zxid(1, 9))
        first.say(.newLeader, zxid(2, 0), Array(Self.old.text.utf8))
        first.say(.upToDate, .none)
        first.say(write(zxid(2, 1)))
        first.say(.commit, zxid(2, 1))
        #expect(first.peer.status.role == .following(ServerID(2)))
        for effect in first.effects {
            if case .membershipProposed(let membership) = effect {
                file = membership.version > Self.old.version ? membership : nil
            }
            if case .membershipCommitted = effect { file = nil }
        }
        #expect(file == nil)
        // It is started again.
        let again = Lone(1, Self.old, lastSeen: file, log: first.log, epoch: 2)
        #expect(again.peer.lastSeenMembership == Self.old)
        again.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        again.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        #expect(again.link != nil)
    }

    @Test func `a change that is truncated is forgotten with it`() {
        let lost = config(zxid(1, 10), [1, 2, 3, 4])
        let lone = Lone(
            1, Self.old, lastSeen: lost, log: [write(zxid(1, 9)), reconfig(lost)], epoch: 1)
        #expect(lone.peer.lastSeenMembership == lost)
        lone.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(4, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.offer(2)
        lone.say(.truncate, zxid(1, 9))
        #expect(lone.log.last?.zxid == zxid(1, 9))
        if let link = lone.link { lone.peer.quorumClosed(link, now: lone.now) }
        lone.drain()
        #expect(lone.peer.lastSeenMembership == Self.old)
    }

    @Test func `a change in the history is in force although another is proposed`() {
        let second = config(zxid(2, 1), [1, 4, 5])
        let third = config(zxid(2, 2), [2, 3])
        let lone = Lone(3, Self.old, log: [write(zxid(1, 9))], epoch: 1)
        lone.vote(1, frame(.leading, leader: 1, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(2, frame(.following, leader: 1, zxid(1, 9), round: 1, epoch: 2, Self.old))
        if lone.link == nil {
            // Smaller ids are called back.
            for case .electionDial(let link, let server, _) in lone.effects {
                lone.peer.electionDialed(link, now: 0)
                let vote = frame(
                    server.rawValue == 1 ? .leading : .following, leader: 1, zxid(1, 9), round: 1,
                    epoch: 2, Self.old)
                lone.peer.electionReceived(link, vote.rawSpan, now: 0)
            }
            lone.drain()
        }
        #expect(lone.link != nil)
        lone.offer(2)
        lone.say(.diff, zxid(2, 1))
        lone.say(reconfig(second))
        lone.say(.commit, zxid(2, 1))
        lone.say(reconfig(third))
        lone.say(.newLeader, zxid(2, 0), Array(third.text.utf8))
        lone.say(.upToDate, .none)
        #expect(lone.peer.status.role == .following(ServerID(1)))
        #expect(lone.peer.status.lastCommitted == zxid(2, 1))
        #expect(lone.peer.membership == second)
        #expect(lone.peer.lastSeenMembership == third)
    }

    @Test func `an activation that says nothing delivers nothing`() {
        let lone = Lone(1, Self.old, log: [write(zxid(1, 9))], epoch: 1)
        lone.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.offer(2)
        lone.say(.diff, zxid(1, 9))
        lone.say(.newLeader, zxid(2, 0), Array(Self.old.text.utf8))
        lone.say(.upToDate, .none)
        lone.effects = []
        lone.say(reconfig(config(zxid(2, 1), [1, 2, 3, 4])))
        lone.say(.commitAndActivate, zxid(2, 1), nil)
        let delivered = lone.effects.contains {
            if case .deliver = $0 { true } else { false }
        }
        #expect(delivered == (lone.peer.status.lastCommitted == zxid(2, 1)))
    }

    // MARK: Bytes of peers and clients

    @Test func `a round of elections has no end`() async {
        await #expect(processExitsWith: .success) {
            let lone = Lone(1, config(zxid(1, 0), [1, 2, 3]), log: [write(zxid(1, 9))], epoch: 1)
            lone.vote(
                3,
                frame(
                    .looking, leader: 3, zxid(1, 9), round: .max, epoch: 1,
                    config(zxid(1, 0), [1, 2, 3])))
            lone.pass(1000)
            lone.pass(60_000)
            lone.pass(60_000)
        }
    }

    @Test func `weights may be as large as they like`() async {
        await #expect(processExitsWith: .success) {
            let text =
                (1...3).map { "server.\($0)=host:\($0)01:\($0)02;2181" }.joined(separator: ",")
                + ",group.1=1:2:3,weight.1=9223372036854775807,weight.2=9223372036854775807"
            guard let next = try? Membership(replacement: text) else { return }
            let lone = Lone(1, config(zxid(1, 0), [1]), log: [write(zxid(1, 9))], epoch: 1)
            _ = lone.peer.canActivate(next)
        }
    }
}
