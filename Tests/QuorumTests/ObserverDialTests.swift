// Whom an observer dials, and when the leader itself.

import Jute
import Records
import Testing

@testable import Quorum

/// An observer with the id 9 of the voters 1 to 3, of whom 3 leads.
private struct Dialer {
    var context: PeerContext
    var learner: Learner
    /// Who was dialed, and when: the leader is at its own port, 301.
    var dials: [(time: Int64, port: UInt16, host: ByteString)] = []

    init(isObserver: Bool = true) {
        var settings = QuorumSettings(myID: ServerID(9), tickTime: 2000)
        settings.observerMasterPort = 999
        let history = History(
            QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
            settings: settings)
        let voters = (1...3).map { id in
            Member(
                id: ServerID(id),
                quorum: Endpoint(host: ByteString("h\(id)"), port: UInt16(id * 100 + 1)),
                election: Endpoint(host: ByteString("h\(id)"), port: UInt16(id * 100 + 2)),
                client: nil,
                role: .participant)
        }
        context = PeerContext(
            settings: settings, history: history,
            membership: Membership(version: 1, members: voters), lastSeen: nil,
            isReadable: { _ in true })
        learner = Learner(leader: ServerID(3), isObserver: isObserver, context)
    }

    /// Passes `time`; every dial is refused at once, or never answered.
    mutating func pass(_ time: Int64, refuses: Bool = true) {
        let end = context.now + time
        while context.now < end, !learner.hasEnded {
            learner.dialIfDue(&context)
            learner.hitDeadline(&context)
            var isDialing = false
            for effect in context.effects.take() {
                guard case .quorumDial(let link, let endpoint) = effect else { continue }
                dials.append((context.now, endpoint.port, endpoint.host))
                isDialing = true
                if refuses { learner.dialFailed(link, &context) }
            }
            if !isDialing || !refuses { context.now += 1 }
        }
    }
}

@Test func `an observer asks those who follow again and again before it burdens the leader`() {
    var dialer = Dialer()
    let patience = min(dialer.context.settings.leaderPatience, dialer.context.initTime)
    dialer.pass(2 * patience)
    let firstOfLeader = dialer.dials.first { $0.port == 301 }
    #expect(firstOfLeader.map { (patience / 2...patience / 2 + 50).contains($0.time) } == true)
    let before = dialer.dials.filter { $0.time < patience / 2 }
    #expect(before.filter { $0.host == "h1" }.count > 10)
    #expect(before.filter { $0.host == "h2" }.count > 10)
    #expect(!before.contains { $0.host == "h3" })
    #expect(dialer.learner.hasEnded, "nobody listens, and that is not waited for without end")
}

@Test func `an observer whose followers are hosts that do not answer asks the leader in the end`() {
    var dialer = Dialer()
    let connectTimeout = min(dialer.context.settings.connectTimeout, dialer.context.initTime)
    dialer.pass(3 * connectTimeout + 100, refuses: false)
    #expect(dialer.dials.map(\.port) == [999, 999, 301])
    #expect(Set(dialer.dials.map(\.host)) == ["h1", "h2", "h3"])
}

@Test func `a voter dials the leader and nobody else`() {
    var dialer = Dialer(isObserver: false)
    dialer.pass(100)
    #expect(!dialer.dials.isEmpty && dialer.dials.allSatisfy { $0.port == 301 })
}
