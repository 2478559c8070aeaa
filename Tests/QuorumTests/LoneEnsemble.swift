import Configuration
import Jute
import Records

@testable import Quorum

// A small network of real peers without a disk or chance, for the tests of membership.

func zxid(_ epoch: Int32, _ counter: UInt32) -> Zxid {
    Zxid(epoch: Epoch(epoch), counter: counter)
}

func member(_ id: Int64, _ role: MemberRole = .participant) -> Member {
    Member(
        id: ServerID(id), quorum: Endpoint(host: "host", port: UInt16(id * 100 + 1)),
        election: Endpoint(host: "host", port: UInt16(id * 100 + 2)), client: nil, role: role)
}

func config(_ version: Zxid, _ ids: [Int64]) -> Membership {
    Membership(version: version.rawValue, members: ids.map { member($0) })
}

func reconfig(_ membership: Membership) -> Proposal {
    let at = Zxid(membership.version)
    let header = TransactionHeader(
        session: SessionID(7), cxid: Xid(1), zxid: at, time: 7, type: .reconfig)
    let body = TransactionBody.reconfig(
        "/zookeeper/config", data: Array(membership.text.utf8), version: -1)
    return Proposal(zxid: at, bytes: Transaction(header: header, body: body).encoded)
}

func write(_ at: Zxid) -> Proposal { Proposal(zxid: at, bytes: [1]) }

func settings(_ id: Int64) -> QuorumSettings {
    QuorumSettings(myID: ServerID(id), tickTime: 200, reconfigEnabled: true)
}

func frame(
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

func greeting(_ id: Int64) -> [UInt8] {
    var writer = JuteWriter()
    ElectionGreeting(server: ServerID(id), address: ByteString("host:\(id * 100 + 2)"))
        .write(to: &writer)
    return writer.copyBytes()
}

/// One peer, and others that say what the test wants.
final class Lone {
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
final class Ensemble {
    struct End { let server: Int64; let link: LinkID; let isQuorum: Bool }
    var peers: [Int64: Lone] = [:]
    var others: [String: End] = [:]
    var queue: [() -> Void] = []
    var listening: Set<Int64> = []
    var now: Int64 = 0
    var trace: [String] = []
    var touched: [SessionTouch] = []
    var largestPacket = 0

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
        case .sessionsTouched(_, let touches): touched += touches
        case .electionSend(let link, let bytes), .quorumSend(let link, let bytes):
            guard let other = others[key(id, link)] else { return }
            if other.isQuorum { note(bytes) }
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

    private func note(_ bytes: [UInt8]) {
        var reader = JuteReader(bytes.rawSpan)
        while let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 30) {
            largestPacket = max(largestPacket, packet.data?.count ?? 0)
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
