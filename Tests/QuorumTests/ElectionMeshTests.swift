// The links of an election, where the members change under it.

import Jute
import Records
import Testing

@testable import Quorum

private func members(_ ids: [Int64], version: Int64) -> Membership {
    Membership(
        version: version,
        members: ids.map { id in
            Member(
                id: ServerID(id), quorum: Endpoint(host: "host", port: UInt16(100 + id)),
                election: Endpoint(host: "host", port: UInt16(200 + id)), client: nil,
                role: .participant)
        })
}

@Test func `nobody waits for the time to dial a former member, whose place is not known`() {
    let settings = QuorumSettings(myID: ServerID(3), reconfigEnabled: true)
    let history = History(
        QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
        settings: settings)
    var context = PeerContext(
        settings: settings, history: history, membership: members([1, 2, 3], version: 1),
        lastSeen: nil, isReadable: { _ in true })
    context.now = 1000
    var mesh = ElectionMesh(me: ServerID(3))
    let vote = Notification(
        state: .looking, leader: ServerID(3), zxid: .zero, round: 1, epoch: 1, configuration: nil)
    mesh.send(vote, to: ServerID(1), &context)
    mesh.dialFailed(LinkID(1), &context)
    #expect(mesh.nextDeadline(isLooking: true, context).map { $0 > 1000 } == true)

    context.committed = members([2, 3], version: 2)
    context.lastSeen = context.committed
    context.now = 5000
    mesh.hitDeadline(isLooking: true, &context)
    #expect(mesh.nextDeadline(isLooking: true, context) == nil)
}
