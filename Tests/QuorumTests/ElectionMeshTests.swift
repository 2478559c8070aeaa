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

/// Server 3 of three, with nothing in its history.
private func ofThree() -> PeerContext {
    let settings = QuorumSettings(myID: ServerID(3), reconfigEnabled: true)
    let history = History(
        QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
        settings: settings)
    return PeerContext(
        settings: settings, history: history, membership: members([1, 2, 3], version: 1),
        lastSeen: nil, isReadable: { _ in true })
}

@Test func `nobody waits for the time to dial a former member, whose place is not known`() {
    var context = ofThree()
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

@Test func `whoever hangs up without a word is dialed more and more rarely`() throws {
    var context = ofThree()
    context.now = 1000
    var mesh = ElectionMesh(me: ServerID(3))
    let vote = Notification(
        state: .looking, leader: ServerID(3), zxid: .zero, round: 1, epoch: 1, configuration: nil)
    func dialed() -> LinkID? {
        for case .electionDial(let link, _, _) in context.effects.take() { return link }
        return nil
    }
    /// The time until it is dialed again, once it has hung up; it has said `words` before.
    func delay(_ link: LinkID, words: [UInt8] = []) throws -> Int64 {
        mesh.dialed(link, &context)
        if !words.isEmpty { mesh.received(link, words.rawSpan, &context) }
        mesh.closed(link, &context)
        return try #require(mesh.nextDeadline(isLooking: true, context)) - context.now
    }
    mesh.send(vote, to: ServerID(1), &context)
    var delays: [Int64] = []
    for _ in 0..<8 {
        let link = try #require(dialed())
        delays.append(try delay(link))
        context.now += delays[delays.count - 1]
        mesh.hitDeadline(isLooking: true, &context)
    }
    #expect(delays == [20, 40, 80, 160, 320, 640, 1000, 1000])
    // Who has talked is dialed again at once.
    var writer = JuteWriter()
    let frame = writer.beginFrame()
    vote.write(to: &writer)
    writer.endFrame(frame)
    #expect(try delay(try #require(dialed()), words: writer.copyBytes()) <= 0)
}

@Test func `outsiders that have gone make room for others`() {
    var context = ofThree()
    var mesh = ElectionMesh(me: ServerID(3))
    var refused: [Int64] = []
    func introduce(_ id: Int64, staying: Bool) {
        let link = LinkID(UInt64(id))
        mesh.accepted(link, &context)
        mesh.received(link, greeting(id).rawSpan, &context)
        if context.effects.take().contains(.electionClose(link)) { refused.append(id) }
        if !staying { mesh.closed(link, &context) }
    }
    for id in 100..<132 { introduce(Int64(id), staying: false) }
    #expect(refused.isEmpty)
    for id in 200..<232 { introduce(Int64(id), staying: true) }
    #expect(refused.isEmpty, "those who left have made room")
    introduce(300, staying: true)
    #expect(refused == [300], "those who stay are as many as there may be")
}

@Test func `many small frames in one read are taken in order`() throws {
    var stream = FrameStream()
    var writer = JuteWriter()
    for number in 0..<10_000 {
        writer.writeInt32(4)
        writer.writeInt32(Int32(number))
    }
    let bytes = writer.copyBytes()
    stream.append(Array(bytes.dropLast()).rawSpan)
    var taken: [Int32] = []
    while let payload = try stream.next() {
        var reader = JuteReader(payload.rawSpan)
        taken.append(try reader.readInt32())
    }
    #expect(taken == Array(0..<9999))
    stream.append([bytes[bytes.count - 1]].rawSpan)
    #expect(try stream.next() != nil)
    #expect(try stream.next() == nil)
}
