// An observer that keeps no log and is to vote: what it saves then is its own tree.

import Jute
import Records
import Testing

@testable import Quorum

@Test func `an observer that is to vote saves what it had logged and not delivered, too`() {
    // Server 4 followed as who joins, logged up to 1.3, and delivered 1.1, the change that made it an
    // observer. In the meantime 1.4 is the change that makes it a voter.
    var settings = settings(4)
    settings.observersKeepLog = false
    var history = History(
        QuorumHistory(lastLogged: zxid(1, 1), acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
        settings: settings)
    let tail = [write(zxid(1, 2)), write(zxid(1, 3))]
    for proposal in tail { history.append(proposal) }
    history.becameDurable(through: zxid(1, 3))
    let voters = [1, 2, 3].map { (id: Int64) in member(id) }
    var context = PeerContext(
        settings: settings, history: history,
        membership: Membership(
            version: zxid(1, 1).rawValue, members: voters + [member(4, .observer)]),
        lastSeen: nil, isReadable: { _ in true })
    var learner = Learner(leader: ServerID(3), isObserver: true, context)
    learner.dialIfDue(&context)
    guard let link = learner.link else {
        Issue.record("nobody is dialed")
        return
    }
    learner.dialed(link, &context)
    let next = config(zxid(1, 4), [1, 2, 3, 4])
    let change = reconfig(next)
    let packets = [
        QuorumPacket(.leaderInfo, zxid: zxid(1, 0), data: [0, 1, 0, 0]),
        QuorumPacket(.diff, zxid: zxid(1, 4)),
        QuorumPacket(.proposal, zxid: zxid(1, 4), data: change.bytes),
        QuorumPacket(.commit, zxid: zxid(1, 4)),
        QuorumPacket(.newLeader, zxid: zxid(1, 0), data: Array(next.text.utf8)),
    ]
    for packet in packets { learner.received(link, packet.encoded.rawSpan, &context) }
    let changes = context.effects.take().filter { effect in
        switch effect {
        case .extendSnapshot, .saveSnapshot, .deliver, .append: true
        default: false
        }
    }
    #expect(changes == [.extendSnapshot(tail + [change]), .saveSnapshot(zxid(1, 4))])
    #expect(context.history.lastLogged == zxid(1, 4))
    #expect(!learner.hasEnded)
}
