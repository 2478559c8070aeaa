import Configuration
import Jute
import Quorum
import Records

/// Reads what servers say to each other as they say it, and compares it with what they have on
/// disk at that moment: a promise is a lie if the disk does not hold it.
///
/// The letters are those of Documentation/SIMULATION.md.
final class PacketChecker {
    typealias Fail = (String) -> Void

    /// What would be left of a server if its power went now.
    struct Disk {
        var acceptedEpoch: Epoch
        var currentEpoch: Epoch
        /// The epoch that the current one took the place of.
        var formerEpoch: Epoch
        /// The last transaction of the history.
        var last: Zxid
        /// Tells of something that was written to the history and would not survive.
        var probe: (() -> String?)?

        var undurable: String? { probe?() }
    }

    /// Who says something, and to whom.
    struct Link {
        var connection: Int
        var from: ServerID
        var to: ServerID
    }

    /// How far a server has come: what elections compare.
    private struct Standing: Comparable {
        var epoch: Epoch
        var last: Zxid

        static func < (one: Standing, other: Standing) -> Bool {
            (one.epoch, one.last) < (other.epoch, other.last)
        }
    }

    /// What servers had when they promised an epoch.
    private var promises: [Epoch: [ServerID: Standing]] = [:]
    /// What the leader of an epoch had when it offered its history first.
    private var initial: [Epoch: Zxid] = [:]
    /// Who has said that it has the history of an epoch's leader.
    private var owners: [Epoch: Set<ServerID>] = [:]
    private var established: Set<Epoch> = []
    /// Connections on which the learner has acknowledged the history.
    private var synchronized: Set<Int> = []
    /// The last transaction that a leader has called committed, by connection.
    private var committed: [Int: Zxid] = [:]
    /// The same at the time of NEWLEADER.
    private var offered: [Int: Zxid] = [:]
    /// The last commit that was held against the disks.
    private var lastCommit = Zxid.zero
    /// What a learner had when it promised, by connection.
    private var bases: [Int: Zxid] = [:]
    /// The last transaction that a server has called committed, to whomever.
    private var told: [ServerID: Zxid] = [:]
    /// What a learner must have delivered when it begins to serve.
    private var due: [ServerID: Zxid] = [:]
    /// The last transaction that a leader of an established epoch has called committed.
    private(set) var highest = Zxid.zero
    /// Connections on which a snapshot comes next, which is no packet.
    private var streaming: Set<Int> = []
    /// Connections of observers that keep nothing: what they say is about their memory.
    private var diskless: Set<Int> = []
    /// Whether observers write down what they follow.
    private let observersKeepLog: Bool

    init(observersKeepLog: Bool = true) { self.observersKeepLog = observersKeepLog }

    /// A server sends these bytes on a quorum link.
    ///
    /// `governing` gives the configurations that say what a quorum is for a transaction; `copies`
    /// says what every server has on disk; without it commits are not looked at.
    func sent(
        _ bytes: [UInt8], _ link: Link, _ disk: Disk, streamsFollow: Bool,
        governing: (Zxid) -> [Membership], copies: (() -> [(server: ServerID, last: Zxid)])?,
        _ fail: Fail
    ) {
        if streaming.remove(link.connection) != nil { return }
        var reader = JuteReader(bytes.rawSpan)
        while reader.remaining > 0 {
            guard let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 24) else {
                return fail("S20: \(link.from) sends \(link.to) what is no packet")
            }
            if packet.kind == .ackEpoch { bases[link.connection] = packet.zxid }
            switch packet.kind {
            case .observerInfo where !observersKeepLog: diskless.insert(link.connection)
            case .leaderInfo, .newLeader, .upToDate:
                checkLeader(packet, link, disk, governing, fail)
            case .ackEpoch, .ack: checkLearner(packet, link, disk, fail)
            case .commit, .inform, .commitAndActivate, .informAndActivate:
                note(packet.zxid, link)
                // What comes before may be history that is not committed anywhere yet.
                guard established.contains(disk.currentEpoch) else { continue }
                highest = max(highest, packet.zxid)
                told[link.from] = max(told[link.from] ?? .zero, packet.zxid)
                if let copies { checkCommit(packet.zxid, by: link.from, governing, copies, fail) }
            case .snapshot:
                note(packet.zxid, link)
                if established.contains(disk.currentEpoch) { highest = max(highest, packet.zxid) }
                if streamsFollow { streaming.insert(link.connection) }
            default: break
            }
        }
    }

    // MARK: Learners

    private func checkLearner(
        _ packet: QuorumPacket, _ link: Link, _ disk: Disk, _ fail: Fail
    ) {
        if packet.kind == .ackEpoch { return promisesEpoch(packet, link, disk, fail) }
        let server = link.from
        if diskless.contains(link.connection) {
            if keepsHistory(packet, disk) {
                owners[packet.zxid.epoch, default: []].insert(server)
            }
            return
        }
        guard packet.zxid.isEpochStart else {
            if !synchronized.contains(link.connection) {
                fail("S13: \(server) acknowledges \(packet.zxid) before its leader's history")
            }
            let undurable = disk.undurable
            if disk.last < packet.zxid || undurable != nil {
                fail(
                    "S13: \(server) acknowledges \(packet.zxid), its disk holds \(disk.last)"
                        + (undurable.map { " without \($0)" } ?? ""))
            }
            return
        }
        acknowledgesHistory(packet.zxid.epoch, link, disk, fail)
    }

    /// ACKEPOCH: the disk has the promise, and what the learner says of its history; of that a learner
    /// without a log has none there, and may be a voter by the next configuration all the same.
    private func promisesEpoch(_ packet: QuorumPacket, _ link: Link, _ disk: Disk, _ fail: Fail) {
        guard let data = packet.data else { return }
        var reader = JuteReader(data.rawSpan)
        guard let current = try? reader.readInt32(), current >= 0, packet.zxid != .none else {
            return
        }
        promises[disk.acceptedEpoch, default: [:]][link.from] = Standing(
            epoch: Epoch(current), last: packet.zxid)
        if diskless.contains(link.connection) { return }
        let undurable = disk.undurable
        if packet.zxid != disk.last || undurable != nil {
            fail(
                "S15: \(link.from) promises with \(packet.zxid), its disk holds \(disk.last)"
                    + (undurable.map { " without \($0)" } ?? ""))
        }
    }

    /// Who came as an observer without a disk may be a voter by the next configuration: it puts the
    /// leader's history on its disk before it says so, and counts among those that have it.
    private func keepsHistory(_ packet: QuorumPacket, _ disk: Disk) -> Bool {
        let epoch = packet.zxid.epoch
        guard packet.kind == .ack, packet.zxid.isEpochStart, let wanted = initial[epoch] else {
            return false
        }
        return disk.acceptedEpoch == epoch && disk.currentEpoch == epoch && disk.undurable == nil
            && disk.last >= wanted
    }

    /// The ACK of NEWLEADER says that the leader's history is on disk, and the epoch after it.
    private func acknowledgesHistory(
        _ epoch: Epoch, _ link: Link, _ disk: Disk, _ fail: Fail
    ) {
        let server = link.from
        // The second one follows UPTODATE and says nothing new.
        guard synchronized.insert(link.connection).inserted else { return }
        if disk.acceptedEpoch != epoch {
            fail("S11: \(server) follows into \(epoch), having promised \(disk.acceptedEpoch)")
        }
        if disk.currentEpoch != epoch {
            fail("S13: \(server) acknowledges \(epoch), its disk is in \(disk.currentEpoch)")
        }
        if let undurable = disk.undurable {
            fail("S13: \(server) acknowledges the history of \(epoch) without \(undurable)")
        }
        if let wanted = initial[epoch], disk.last < wanted {
            fail("S13: \(server) acknowledges \(wanted), its disk ends at \(disk.last)")
        }
        if let wanted = offered[link.connection], disk.last < wanted {
            fail("S13: \(server) acknowledges \(wanted), its disk ends at \(disk.last)")
        }
        owners[epoch, default: []].insert(server)
    }

    /// A server begins to serve behind a leader.
    func serves(_ server: ServerID, delivered: Zxid, _ fail: Fail) {
        guard let wanted = due[server], delivered < wanted else { return }
        fail("S19: \(server) serves at \(delivered) and was told that \(wanted) is committed")
    }

    /// A learner has delivered everything up to here.
    func delivers(_ server: ServerID, _ zxid: Zxid, _ fail: Fail) {
        if zxid > highest, !zxid.isEpochStart {
            fail("S10: \(server) delivers \(zxid), and no more than \(highest) is committed")
        }
    }

    // MARK: Leaders

    private func checkLeader(
        _ packet: QuorumPacket, _ link: Link, _ disk: Disk,
        _ governing: (Zxid) -> [Membership], _ fail: Fail
    ) {
        let leader = link.from
        switch packet.kind {
        case .leaderInfo:
            if disk.acceptedEpoch != packet.zxid.epoch {
                fail(
                    "S11: \(leader) offers \(packet.zxid.epoch), its disk has promised"
                        + " \(disk.acceptedEpoch)")
            }
        case .newLeader:
            offered[link.connection] = committed[link.connection]
            offersHistory(packet.zxid.epoch, leader, disk, governing, fail)
        default: welcomes(disk.currentEpoch, link, governing, fail)
        }
    }

    /// NEWLEADER: nobody of those whose promise counts may have more than the leader.
    private func offersHistory(
        _ epoch: Epoch, _ leader: ServerID, _ disk: Disk,
        _ governing: (Zxid) -> [Membership], _ fail: Fail
    ) {
        if disk.currentEpoch != epoch {
            fail("S11: \(leader) leads into \(epoch), its disk is in \(disk.currentEpoch)")
        }
        guard initial[epoch] == nil else { return }
        initial[epoch] = disk.last
        let own = Standing(epoch: disk.formerEpoch, last: disk.last)
        var voters = Set((promises[epoch] ?? [:]).filter { $0.value <= own }.keys)
        voters.insert(leader)
        for membership in governing(epoch.start) where !membership.isMajority(voters) {
            fail("S16: \(leader) leads into \(epoch) over the head of who has more")
        }
    }

    /// UPTODATE: a quorum has the leader's history, and who is told so has all that its leader has
    /// called committed.
    private func welcomes(
        _ epoch: Epoch, _ link: Link, _ governing: (Zxid) -> [Membership], _ fail: Fail
    ) {
        let sent = committed[link.connection] ?? .zero
        due[link.to] = sent
        let known = max(sent, bases[link.connection] ?? .none)
        if let wanted = told[link.from], known < wanted {
            fail(
                "S19: \(link.from) lets \(link.to) serve, who knows of \(known), and has called"
                    + " \(wanted) committed")
        }
        guard established.insert(epoch).inserted else { return }
        highest = max(highest, initial[epoch] ?? .zero)
        let servers = (owners[epoch] ?? []).union([link.from])
        for membership in governing(epoch.start) where !membership.isMajority(servers) {
            fail("S17: \(link.from) leads \(epoch) with the history at \(servers.sorted()) only")
        }
    }

    /// A server leads: one that is a quorum by itself welcomes nobody first.
    func leads(_ epoch: Epoch, with last: Zxid) {
        if established.insert(epoch).inserted { highest = max(highest, last) }
    }

    /// A leader has delivered everything up to here: what nobody follows it for, it commits without
    /// a word.
    func delivers(
        _ leader: ServerID, leading zxid: Zxid, governing: (Zxid) -> [Membership],
        copies: () -> [(server: ServerID, last: Zxid)], _ fail: Fail
    ) {
        guard zxid > highest, !zxid.isEpochStart else { return }
        highest = zxid
        checkCommit(zxid, by: leader, governing, copies, fail)
    }

    /// COMMIT and INFORM: a quorum of whatever governs has it on disk.
    private func checkCommit(
        _ zxid: Zxid, by leader: ServerID, _ governing: (Zxid) -> [Membership],
        _ copies: () -> [(server: ServerID, last: Zxid)], _ fail: Fail
    ) {
        guard zxid > lastCommit else { return }
        lastCommit = zxid
        let servers = Set(copies().filter { $0.last >= zxid }.map(\.server))
        for membership in governing(zxid) where !membership.isMajority(servers) {
            fail(
                "S17: \(leader) commits \(zxid) with copies at \(servers.sorted()), which are no"
                    + " quorum of version \(Zxid(membership.version))")
        }
    }

    private func note(_ zxid: Zxid, _ link: Link) {
        committed[link.connection] = max(committed[link.connection] ?? .zero, zxid)
    }
}

extension Membership {
    /// Whether most of the voters are among these.
    func isMajority(_ servers: Set<ServerID>) -> Bool {
        voters.count(where: servers.contains) > voters.count / 2
    }
}
