import Jute
import Quorum
import Records

@testable import Simulation

/// A few peers with toy disks, told what to do by verbs; everything they do is a line.
///
/// The peers are the real ones. Around them nothing takes time or is left to chance: what is sent
/// arrives at once, disks sync at once, and the clock moves only when a verb lets it. This file
/// has the verbs; what the peers hear and what they want done are in files of their own.
final class Scenario {
    struct Server {
        let member: Member
        /// The configuration in its files, and the one proposed beyond it.
        var membership = Membership(version: 0, members: [])
        var proposed: Membership?
        /// The ensemble it says it belongs to.
        var ensemble: ByteString?
        /// Whether it may begin a new history.
        var mayBegin = true
        var disk = ToyDisk.begun
        var tree = ToyTree()
        /// nil while the server is down.
        var peer: QuorumPeer?
        /// Counts starts: what was meant for an earlier life is ignored.
        var life = 0
        /// Whether somebody listens on its quorum port.
        var isListening = false
        /// Whether somebody listens on its port for observers.
        var isListeningForObservers = false
        var isSyncing = false
        /// What learners far behind still want of its log.
        var logReadings: [LinkID: (after: Zxid, through: Zxid)] = [:]
        /// It crashes right before it sends this kind of packet.
        var fatalPacket: String?
    }

    /// Milliseconds that pass with each verb: enough to dial again, too few for a timeout.
    private static let breath: Int64 = 50
    static let tickTime: Int64 = 200
    static let initLimit: Int64 = 10
    static let syncLimit: Int64 = 5
    /// The number is the same on every host.
    static let observersPort: UInt16 = 900
    /// Committed proposals that a leader remembers, so few that its disk is soon needed.
    static let committedLogCountMax = 4
    /// Proposals that are read at once from a log.
    static let logPieceCount = 2

    var servers: [Server] = []
    /// Whether members may come and go.
    private(set) var isDynamic = false
    /// Whether followers serve observers.
    private(set) var hasMasters = false
    /// Whether observers keep nothing on disk.
    private(set) var isDiskless = false
    /// How many observers are brought up to date at a time.
    private(set) var roomForObservers = 10
    var network = ScenarioNetwork()
    private(set) var now: Int64 = 0
    /// Whether votes are lines as well.
    private(set) var showsVotes = false
    private var lines: [String] = []

    /// Does what a verb says, and whatever follows from it; the lines of what happened.
    func perform(_ verb: ScenarioVerb) throws(ScenarioMistake) -> [String] {
        lines = []
        switch verb.name {
        case "servers": try make(verb)
        case "disk": try fill(verb)
        case "ensemble": try name(verb)
        case "dynamic": isDynamic = true
        case "masters": hasMasters = true
        case "diskless": isDiskless = true
        case "room": roomForObservers = try verb.number(0)
        case "join": try join(verb)
        case "reconfig": try reconfigure(verb)
        case "handover": try handOver(verb)
        case "start": for host in try hosts(verb) { start(host) }
        case "crash": try crash(verb)
        case "write": try write(verb)
        case "purge": for host in try hosts(verb) { purge(host) }
        case "hold": network.hold(try host(verb, 0), try host(verb, 1))
        case "release": network.release(try host(verb, 0), try host(verb, 1))
        case "stall": for host in try hosts(verb) { network.hold(host, host) }
        case "resume": for host in try hosts(verb) { network.release(host, host) }
        case "show": showsVotes = true
        case "hide": showsVotes = false
        case "wait": pass(Int64(try verb.number(0)))
        case "status": for host in servers.indices { note(host, state(of: host)) }
        default: throw verb.mistake("there is no such verb")
        }
        pass(Scenario.breath)
        return lines
    }

    func note(_ host: Int, _ text: String) { lines.append("\(host + 1) \(text)") }

    private func host(_ verb: ScenarioVerb, _ place: Int) throws(ScenarioMistake) -> Int {
        let number = try verb.number(place)
        guard servers.indices.contains(number - 1) else {
            throw verb.mistake("there is no server \(number)")
        }
        return number - 1
    }

    private func hosts(_ verb: ScenarioVerb) throws(ScenarioMistake) -> [Int] {
        var hosts: [Int] = []
        for place in verb.words.indices { hosts.append(try host(verb, place)) }
        return hosts
    }

    // MARK: Before the start

    /// `servers 5 observers 2`: the last two observe.
    private func make(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let count = try verb.number(0)
        let observers = verb.words.count > 1 ? try verb.number(2) : 0
        guard count > observers, count < 10 else { throw verb.mistake("too few or too many") }
        let members = (1...count).map { number in
            Scenario.member(number, number <= count - observers ? .participant : .observer)
        }
        let membership = Membership(version: 0, members: members)
        servers = members.map { Server(member: $0, membership: membership) }
    }

    /// `ensemble red 1 2`: servers 1 and 2 belong to the ensemble red.
    private func name(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        for place in 1..<max(1, verb.words.count) {
            servers[try host(verb, place)].ensemble = ByteString(try verb.word(0))
        }
    }

    /// `disk 1 empty`, `disk 1 lost`, or `disk 1 accepted 3 epoch 2 log 1.1 2.1`, each part or none.
    ///
    /// A disk that no verb fills holds the empty database of a server that took part once.
    private func fill(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let host = try host(verb, 0)
        if verb.words.dropFirst() == ["empty"] {
            servers[host].disk = ToyDisk()
            return
        }
        if verb.words.dropFirst() == ["lost"] {
            servers[host].disk = ToyDisk()
            servers[host].mayBegin = false
            return
        }
        var disk = ToyDisk.begun
        var place = 1
        while place < verb.words.count {
            switch verb.words[place] {
            case "accepted": disk.persistAccepted(try verb.epoch(place + 1))
            case "epoch":
                disk.persistCurrent(try verb.epoch(place + 1))
                disk.persistAccepted(max(disk.acceptedEpoch, disk.currentEpoch))
            case "log":
                for place in (place + 1)..<verb.words.count {
                    let zxid = try verb.zxid(place)
                    disk.append([Proposal(zxid: zxid, bytes: Array(verb.words[place].utf8))])
                }
                disk.flush()
                servers[host].disk = disk
                return
            default: throw verb.mistake("a disk has no \(verb.words[place])")
            }
            place += 2
        }
        servers[host].disk = disk
    }

    // MARK: Life and death

    func start(_ host: Int) {
        guard servers[host].peer == nil else { return }
        var settings = QuorumSettings(
            myID: servers[host].member.id, tickTime: Scenario.tickTime,
            initLimit: Scenario.initLimit, syncLimit: Scenario.syncLimit,
            reconfigEnabled: isDynamic)
        settings.committedLogCountMax = Scenario.committedLogCountMax
        settings.snapshotSizeFactor = 0
        settings.observerMasterPort = hasMasters ? Scenario.observersPort : nil
        settings.observersKeepLog = !isDiskless
        settings.differenceSynchronizationsMax = roomForObservers
        settings.snapshotSynchronizationsMax = roomForObservers
        settings.ensemble = servers[host].ensemble
        settings.mayBegin = servers[host].mayBegin
        let (tree, history) = servers[host].disk.recover(
            recentMax: Scenario.committedLogCountMax)
        var peer = QuorumPeer(
            settings: settings, membership: servers[host].membership,
            lastSeen: servers[host].proposed, history: history, seed: 1)
        peer.start(now: now)
        servers[host].tree = tree
        servers[host].life += 1
        servers[host].peer = peer
        drive(host)
    }

    /// `crash 3`, or `crash 3 before COMMIT`: as soon as it wants to send that.
    private func crash(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let host = try host(verb, 0)
        if verb.words.count == 1 { return crash(host) }
        guard try verb.word(1) == "before" else { throw verb.mistake("before what?") }
        servers[host].fatalPacket = try verb.word(2)
    }

    /// Ends a server; what was not synced is lost, what was sent arrives.
    func crash(_ host: Int) {
        servers[host].peer = nil
        servers[host].tree = ToyTree()
        servers[host].isListening = false
        servers[host].isListeningForObservers = false
        servers[host].isSyncing = false
        servers[host].logReadings = [:]
        servers[host].fatalPacket = nil
        servers[host].disk.crash(kept: 0)
        note(host, "crashes")
        network.closeAll(of: host)
    }

    /// Takes a snapshot of its own; the log up to there is removed.
    private func purge(_ host: Int) {
        let tree = servers[host].tree
        guard servers[host].peer != nil, !tree.entries.isEmpty else { return }
        note(host, "saves a snapshot of \(tree.last.told), and purges its log")
        servers[host].disk.save(tree, at: tree.last)
        servers[host].disk.purge()
    }

    // MARK: Clients

    /// `write 2 a b`: two clients of server 2 write, in one breath.
    private func write(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let host = try host(verb, 0)
        for text in verb.words.dropFirst() {
            if case .leading = servers[host].peer?.status.role {
                propose(Array(text.utf8), host)
            } else if servers[host].peer?.status.role ?? .looking == .looking {
                note(host, "refuses \(text): it serves nobody")
            } else {
                servers[host].peer?.forward(
                    ForwardedRequest(
                        session: SessionID(1), cxid: Xid(1), type: .create,
                        body: Array(text.utf8), identities: []))
            }
        }
        drive(host)
    }

    func propose(_ body: [UInt8], _ host: Int) {
        guard let zxid = servers[host].peer?.nextZxid else { return }
        servers[host].peer?.propose(Proposal(zxid: zxid, bytes: body), now: now)
    }

    // MARK: Time

    private var earliestDeadline: Int64? {
        servers.indices.compactMap { servers[$0].peer?.nextDeadline }.min()
    }

    /// Lets time pass: everything that is under way arrives, and who waits for a time wakes then.
    private func pass(_ milliseconds: Int64) {
        let end = now + milliseconds
        settle()
        var wakes = 0
        while let next = earliestDeadline, next <= end {
            now = max(now, next)
            wakes += 1
            precondition(wakes < 10_000, "a peer wants to be woken at \(next) again and again")
            for host in servers.indices {
                servers[host].peer?.hitDeadline(now: now)
                drive(host)
            }
            settle()
        }
        now = end
    }

    private func state(of host: Int) -> String {
        guard let status = servers[host].peer?.status else { return "is down" }
        let tree = servers[host].tree.entries.map(\.zxid.told).joined(separator: " ")
        return "\(status.role.told), in epoch \(status.currentEpoch),"
            + " holds \(tree.isEmpty ? "nothing" : tree)"
    }
}
