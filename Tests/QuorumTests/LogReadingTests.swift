import Jute
import Records
import Testing

@testable import Quorum

/// A leader that remembers two transactions and has ten, with server 3 as its follower; server 2 is
/// far behind.
private struct Reign {
    static let first = Zxid(0x1_0000_0001)
    static let last = Zxid(0x1_0000_000a)
    static let begun = Zxid(0x2_0000_0000)

    var context: PeerContext
    var leader: Leader
    var effects: [QuorumEffect] = []
    private var bytes: [LinkID: [UInt8]] = [:]
    private(set) var late = LinkID(0)

    init(factor: Double = 0) {
        var settings = QuorumSettings(myID: ServerID(1))
        settings.committedLogCountMax = 2
        settings.snapshotSizeFactor = factor
        var history = History(
            QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
            settings: settings)
        var zxid = Self.first
        while zxid <= Self.last {
            history.append(Reign.proposal(zxid))
            _ = history.deliverFirst()
            zxid = zxid.next
        }
        history.becameDurable(through: Self.last)
        let members = [1, 2, 3].map { (number: Int64) in
            let host = Endpoint(host: "host", port: UInt16(number))
            return Member(
                id: ServerID(number), quorum: host, election: host, client: nil,
                role: .participant)
        }
        context = PeerContext(
            settings: settings, history: history,
            membership: Membership(version: 0, members: members), lastSeen: nil,
            isReadable: { _ in true })
        leader = Leader(&context)
        let link = join(ServerID(3), at: Self.last)
        say(link, .ack, Self.begun)
        take()
    }

    static func proposal(_ zxid: Zxid) -> Proposal { Proposal(zxid: zxid, bytes: [7]) }

    static func proposals(_ range: ClosedRange<Int64>) -> [Proposal] {
        range.map { proposal(Zxid(0x1_0000_0000 + $0)) }
    }

    /// A server comes, introduces itself and promises the epoch.
    mutating func join(_ server: ServerID, at zxid: Zxid) -> LinkID {
        let link = context.newLink()
        leader.accepted(link, &context)
        var info = JuteWriter()
        LearnerInfo(server: server, configVersion: 0).write(to: &info)
        say(link, .followerInfo, Epoch(1).start, info.copyBytes())
        say(link, .ackEpoch, zxid, [0, 0, 0, 1])
        take()
        return link
    }

    mutating func joinLate() { late = join(ServerID(2), at: Zxid(0x1_0000_0003)) }

    mutating func say(
        _ link: LinkID, _ kind: QuorumPacket.Kind, _ zxid: Zxid, _ data: [UInt8]? = nil
    ) {
        let packet = QuorumPacket(kind, zxid: zxid, data: data).encoded
        leader.received(link, packet.rawSpan, &context)
    }

    mutating func read(_ range: ClosedRange<Int64>, isLast: Bool) {
        leader.logRead(late, Reign.proposals(range), isLast: isLast, &context)
        take()
    }

    /// A new transaction is proposed and committed.
    mutating func commit() {
        let zxid = leader.nextZxid
        leader.propose(Reign.proposal(zxid), &context)
        context.history.becameDurable(through: zxid)
        leader.logged(&context)
        say(LinkID(1), .ack, zxid)
        take()
    }

    mutating func take() {
        for effect in context.effects.take() {
            if case .quorumSend(let link, let more) = effect { bytes[link, default: []] += more }
            effects.append(effect)
        }
    }

    /// What the late server was sent, as kinds and zxids.
    mutating func takeSent() -> [String] {
        let all = bytes.removeValue(forKey: late) ?? []
        var reader = JuteReader(all.rawSpan)
        var sent: [String] = []
        while reader.remaining > 0 {
            guard let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 20) else {
                sent.append("no packet")
                break
            }
            sent.append("\(packet.kind.rawValue) \(packet.zxid.hex)")
        }
        return sent
    }

    /// How often an effect was wanted.
    func count(_ effect: QuorumEffect) -> Int { effects.count { $0 == effect } }
}

/// PROPOSAL and COMMIT of each, as `takeSent` shows them.
private func committed(_ zxids: [Int64]) -> [String] {
    zxids.flatMap { ["2 \(Zxid($0).hex)", "4 \(Zxid($0).hex)"] }
}

private func old(_ range: ClosedRange<Int64>) -> [String] {
    committed(range.map { 0x1_0000_0000 + $0 })
}

private let newLeader = "10 200000000"

/// The log on disk for a learner that memory cannot help.
struct LogReadingTests {
    @Test func `pieces follow each other, and memory takes over`() {
        var reign = Reign()
        #expect(reign.leader.isEstablished)
        reign.joinLate()
        let wanted = QuorumEffect.readLog(
            reign.late, after: Zxid(0x1_0000_0003), through: Reign.last)
        #expect(reign.count(wanted) == 1)
        _ = reign.takeSent()
        reign.read(4...6, isLast: false)
        #expect(reign.takeSent() == ["13 10000000a"] + old(4...6))
        #expect(reign.count(.readMoreLog(reign.late)) == 1)
        reign.read(7...10, isLast: true)
        #expect(reign.takeSent() == old(7...10) + [newLeader])
        reign.say(reign.late, .ack, Reign.begun)
        reign.take()
        #expect(reign.takeSent() == ["12 ffffffffffffffff"])
    }

    @Test func `what is committed meanwhile follows from memory, what is proposed behind it`() {
        var reign = Reign()
        reign.joinLate()
        _ = reign.takeSent()
        reign.commit()
        reign.leader.propose(Reign.proposal(Zxid(0x2_0000_0002)), &reign.context)
        reign.take()
        #expect(reign.takeSent().isEmpty)
        reign.read(4...10, isLast: true)
        let expected =
            ["13 200000001"] + old(4...10) + committed([0x2_0000_0001]) + [
                "2 200000002", newLeader,
            ]
        #expect(reign.takeSent() == expected)
        reign.commit()
        #expect(reign.takeSent() == ["2 200000003", "4 200000002", "4 200000003"])
    }

    @Test func `when memory has moved on, reading goes on, but not for ever`() {
        var reign = Reign()
        reign.joinLate()
        for _ in 1...3 { reign.commit() }
        _ = reign.takeSent()
        reign.read(4...10, isLast: true)
        let next = QuorumEffect.readLog(
            reign.late, after: Reign.last, through: Zxid(0x2_0000_0003))
        #expect(reign.count(next) == 1)
        var zxid: Int64 = 0x2_0000_0003
        for _ in 1...3 {
            for _ in 1...3 { reign.commit() }
            reign.leader.logRead(
                reign.late, [Reign.proposal(Zxid(zxid))], isLast: true, &reign.context)
            reign.take()
            zxid += 3
        }
        #expect(reign.count(.quorumClose(reign.late)) == 1)
        reign.joinLate()
        #expect(reign.count(.sendSnapshot(reign.late, zxid: Zxid(zxid))) == 1)
    }

    @Test func `a log that cannot be read means a snapshot`() {
        var reign = Reign()
        reign.joinLate()
        _ = reign.takeSent()
        reign.leader.logReadFailed(reign.late, "it is too large", &reign.context)
        reign.take()
        #expect(reign.count(.sendSnapshot(reign.late, zxid: Reign.last)) == 1)
        #expect(reign.takeSent() == ["15 10000000a", newLeader])
    }

    @Test func `a log that breaks off ends the link, and a snapshot follows on the next`() {
        var reign = Reign()
        reign.joinLate()
        reign.read(4...6, isLast: false)
        reign.leader.logReadFailed(reign.late, "it is torn", &reign.context)
        reign.take()
        #expect(reign.count(.quorumClose(reign.late)) == 1)
        #expect(reign.count(.stopReadingLog(reign.late)) == 1)
        reign.joinLate()
        #expect(reign.count(.sendSnapshot(reign.late, zxid: Reign.last)) == 1)
        // Once: whoever comes back again may be read for again.
        reign.joinLate()
        let wanted = QuorumEffect.readLog(
            reign.late, after: Zxid(0x1_0000_0003), through: Reign.last)
        #expect(reign.count(wanted) == 1)
    }

    @Test func `a piece too short to be the last is no end`() {
        var reign = Reign()
        reign.joinLate()
        reign.read(4...6, isLast: true)
        #expect(reign.count(.quorumClose(reign.late)) == 1)
    }

    @Test func `nobody reads for a learner that is gone, and late pieces go nowhere`() {
        var reign = Reign()
        reign.joinLate()
        reign.leader.closed(reign.late, &reign.context)
        reign.take()
        #expect(reign.count(.stopReadingLog(reign.late)) == 1)
        _ = reign.takeSent()
        reign.read(4...10, isLast: true)
        #expect(reign.takeSent().isEmpty)
    }

    @Test func `a leader that steps down stops reading`() {
        var reign = Reign()
        reign.joinLate()
        reign.leader.shutDown(&reign.context)
        reign.take()
        #expect(reign.count(.stopReadingLog(reign.late)) == 1)
    }

    @Test func `a learner that speaks while it is read for is dropped`() {
        var reign = Reign()
        reign.joinLate()
        reign.say(reign.late, .ack, Reign.begun)
        reign.take()
        #expect(reign.count(.quorumClose(reign.late)) == 1)
        #expect(reign.count(.stopReadingLog(reign.late)) == 1)
    }

    @Test func `a factor below zero means that the disk is never read`() {
        var reign = Reign(factor: -1)
        reign.joinLate()
        #expect(reign.count(.sendSnapshot(reign.late, zxid: Reign.last)) == 1)
    }
}
