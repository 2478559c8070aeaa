// Whom a server dials that knows several addresses of another, and how it greets.

import Jute
import Records
import Testing

@testable import Quorum

/// The members 1 to 3, each at `near` and `way`; this server is 3.
private func context(
    _ change: (inout QuorumSettings) -> Void = { _ in }
) -> PeerContext {
    var settings = QuorumSettings(myID: ServerID(3), tickTime: 2000, reconfigEnabled: true)
    settings.greetsWithAllAddresses = true
    change(&settings)
    let history = History(
        QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(1), currentEpoch: Epoch(1)),
        settings: settings)
    let members = (1...3).compactMap { id in
        Member(
            id: ServerID(id),
            addresses: ["near\(id)", "way\(id)"].map { host in
                Member.Address(
                    quorum: Endpoint(host: ByteString(host), port: 100),
                    election: Endpoint(host: ByteString(host), port: 200))
            }, client: nil, role: .participant)
    }
    var context = PeerContext(
        settings: settings, history: history,
        membership: Membership(version: 1, members: members), lastSeen: nil,
        isReadable: { _ in true })
    context.now = 1000
    return context
}

private let vote = Notification(
    state: .looking, leader: ServerID(3), zxid: .zero, round: 1, epoch: 1, configuration: nil)

private func dials(_ context: inout PeerContext) -> [(link: LinkID, place: String)] {
    context.effects.take().compactMap { effect in
        switch effect {
        case .electionDial(let link, _, let place), .quorumDial(let link, let place):
            (link, place.description)
        default: nil
        }
    }
}

private func hasFailed(_ server: Int64, _ events: [ElectionMesh.Event]) -> Bool {
    events.contains {
        if case .unreachable(let id) = $0 { return id == ServerID(server) }
        return false
    }
}

@Test func `a peer that refuses at one address is dialed at the next at once`()
    throws
{
    var context = context()
    var mesh = ElectionMesh(me: ServerID(3))
    mesh.send(vote, to: ServerID(1), &context)
    let first = try #require(dials(&context).first)
    #expect(first.place == "near1:200")
    mesh.dialFailed(first.link, &context)
    let second = try #require(dials(&context).first)
    #expect(second.place == "way1:200" && !hasFailed(1, mesh.takeEvents()))
    mesh.dialed(second.link, &context)
    mesh.received(
        second.link,
        frame(.looking, leader: 1, .zero, round: 1, epoch: 1, context.committed).rawSpan,
        &context)
    _ = context.effects.take()
    mesh.closed(second.link, &context)
    mesh.send(vote, to: ServerID(1), &context)
    #expect(dials(&context).map(\.place) == ["way1:200"], "the one that has answered")
}

@Test func `what takes a link and says nothing is not the peer, or the leader`() throws {
    var context = context()
    var mesh = ElectionMesh(me: ServerID(3))
    for place in ["near1:200", "way1:200", "near1:200"] {
        mesh.send(vote, to: ServerID(1), &context)
        let dial = try #require(dials(&context).first)
        #expect(dial.place == place)
        mesh.dialed(dial.link, &context)
        _ = context.effects.take()
        mesh.closed(dial.link, &context)
        // Who hangs up without a word is not dialed again at once.
        context.now += ElectionMesh.redialDelay.upperBound
    }
    for place in ["near2:100", "way2:100", "near2:100"] {
        var learner = Learner(leader: ServerID(2), isObserver: false, context)
        learner.dialIfDue(&context)
        let dial = try #require(dials(&context).first)
        #expect(dial.place == place)
        learner.dialed(dial.link, &context)
        _ = context.effects.take()
        learner.closed(dial.link, &context)
        #expect(learner.hasEnded)
    }
}

@Test func `a peer that is at none of its addresses is unreachable, and tried again later`()
    throws
{
    var context = context()
    var mesh = ElectionMesh(me: ServerID(3))
    mesh.send(vote, to: ServerID(1), &context)
    for _ in 0..<2 {
        #expect(!hasFailed(1, mesh.takeEvents()))
        let dial = try #require(dials(&context).first)
        mesh.dialFailed(dial.link, &context)
    }
    #expect(hasFailed(1, mesh.takeEvents()) && dials(&context).isEmpty)
    let next = try #require(mesh.nextDeadline(isLooking: true, context))
    #expect(next > context.now)
    context.now = next
    mesh.hitDeadline(isLooking: true, &context)
    #expect(dials(&context).map(\.place) == ["near1:200"])
}

@Test(arguments: [true, false])
func `an address that says nothing is waited for as long as the key says`(_ checks: Bool) throws {
    var context = context { $0.addressPatience = checks ? 300 : nil }
    var mesh = ElectionMesh(me: ServerID(3))
    mesh.send(vote, to: ServerID(1), &context)
    let first = try #require(dials(&context).first)
    let deadline = try #require(mesh.nextDeadline(isLooking: true, context))
    #expect(deadline == 1000 + (checks ? 300 : context.settings.connectTimeout))
    context.now = deadline
    mesh.hitDeadline(isLooking: true, &context)
    let effects = context.effects.take()
    #expect(effects.first == .electionClose(first.link))
    #expect(
        effects.contains {
            if case .electionDial(_, _, let to) = $0 { to.host == "way1" } else { false }
        })
    // Should the first answer after all, nobody waits for it.
    mesh.dialed(first.link, &context)
    #expect(context.effects.take() == [.electionClose(first.link)])
}

@Test(arguments: [true, false])
func `a greeting names all addresses, or one for servers that know no more`(_ all: Bool) throws {
    var context = context { $0.greetsWithAllAddresses = all }
    var mesh = ElectionMesh(me: ServerID(3))
    mesh.send(vote, to: ServerID(1), &context)
    mesh.dialed(try #require(dials(&context).first).link, &context)
    let sent = context.effects.take().compactMap { effect in
        if case .electionSend(_, let bytes) = effect { bytes } else { nil }
    }
    let text = all ? "near3:200|way3:200" : "near3:200"
    var writer = JuteWriter()
    writer.writeInt64(all ? -65535 : -65536)
    writer.writeInt64(3)
    writer.writeString(ByteString(text))
    let bytes = try #require(sent.first)
    #expect(bytes == writer.copyBytes())
    var reader = JuteReader(bytes.rawSpan)
    let greeting = try ElectionGreeting(from: &reader)
    #expect(greeting.endpoints.map(\.description) == text.split(separator: "|").map(String.init))
}

@Test func `a greeting has room for so many addresses and no more`() throws {
    let many = (0..<200).map { Endpoint(host: ByteString("host-number-\($0)"), port: 3888) }
    let greeting = ElectionGreeting(server: ServerID(1), addresses: many)
    #expect(greeting.address.bytes.count <= ElectionGreeting.addressSizeMax)
    #expect(greeting.endpoints == Array(many.prefix(greeting.endpoints.count)))
    #expect(greeting.endpoints.count > 90)
    let none = ElectionGreeting(server: ServerID(1), addresses: [])
    #expect(none.endpoints.isEmpty && !none.address.bytes.isEmpty)
}

@Test func `whoever is no member is called back at any address of its greeting`() throws {
    var context = context()
    var mesh = ElectionMesh(me: ServerID(3))
    var writer = JuteWriter()
    ElectionGreeting(
        server: ServerID(2),
        addresses: ["p", "q"].map { Endpoint(host: ByteString($0), port: 9) }
    ).write(to: &writer, version: ElectionGreeting.version2)
    context.committed.members.removeAll { $0.id == ServerID(2) }
    context.lastSeen = context.committed
    mesh.accepted(LinkID(77), &context)
    mesh.received(LinkID(77), writer.copyBytes().rawSpan, &context)
    let first = try #require(dials(&context).first)
    #expect(first.place == "p:9")
    mesh.dialFailed(first.link, &context)
    #expect(dials(&context).map(\.place) == ["q:9"])
}

@Test func `a learner goes from an address of the leader that is silent to the next`() throws {
    var context = context()
    var learner = Learner(leader: ServerID(2), isObserver: false, context)
    learner.dialIfDue(&context)
    #expect(dials(&context).map(\.place) == ["near2:100"])
    context.now += context.addressPatience
    learner.hitDeadline(&context)
    learner.dialIfDue(&context)
    let second = try #require(dials(&context).first)
    #expect(second.place == "way2:100" && !learner.hasEnded)
    // The last one is waited for as long as the only one of another server.
    context.now += context.addressPatience
    learner.hitDeadline(&context)
    #expect(!learner.hasEnded)
    learner.dialed(second.link, &context)
    #expect(learner.phase == .introduced)
    let next = context.preferred(of: context.quorumEndpoints(of: ServerID(2)), ServerID(2))
    #expect(next?.host == "way2", "the next election begins there")
}

@Test func `a leader that refuses is dialed at its addresses in turn until that has been enough`() {
    var context = context()
    var learner = Learner(leader: ServerID(2), isObserver: false, context)
    var places: [String] = []
    while !learner.hasEnded, places.count < 10_000 {
        learner.dialIfDue(&context)
        for dial in dials(&context) {
            places.append(dial.place)
            learner.dialFailed(dial.link, &context)
        }
        context.now += 1
    }
    #expect(learner.hasEnded && places.count > 20)
    #expect(Set(places) == ["near2:100", "way2:100"] && places[0] != places[1])
}

@Test func `a leader that is silent everywhere is given up`() {
    var context = context()
    var learner = Learner(leader: ServerID(2), isObserver: false, context)
    var count = 0
    while !learner.hasEnded, context.now < 60_000 {
        learner.dialIfDue(&context)
        learner.hitDeadline(&context)
        count += dials(&context).count
        context.now += 10
    }
    #expect(learner.hasEnded && count == 2)
    #expect(context.now < 1000 + context.addressPatience + context.settings.connectTimeout + 100)
}

@Test func `an observer asks those who stand in for the leader at each of their addresses`() {
    var context = context { $0.observerMasterPort = 999 }
    var learner = Learner(leader: ServerID(2), isObserver: true, context)
    var places: Set<String> = []
    while !learner.hasEnded {
        learner.dialIfDue(&context)
        for dial in dials(&context) {
            places.insert(dial.place)
            learner.dialFailed(dial.link, &context)
        }
        context.now += 1
    }
    #expect(
        places == [
            "near1:999", "way1:999", "near3:999", "way3:999", "near2:100", "way2:100",
        ])
}
