// Servers that are wanted on another host: never is an id at two places, nor does it vote for what it
// has forgotten.

import Jute
import Records
import Testing

@testable import AviaryEnsemble

/// A member on a host of its own.
private func member(_ id: Int64, at host: String) -> Member {
    var member = member(id)
    member.quorum.host = ByteString(host)
    member.election.host = ByteString(host)
    return member
}

private func members(_ places: [(Int64, String)]) -> Membership {
    Membership(version: 0, members: places.map { member($0.0, at: $0.1) })
}

private let before = members([(1, "a"), (2, "b"), (3, "c")])

/// All run, and these are wanted elsewhere.
private func moving(_ places: [(id: Int64, host: String)], leader: Int64 = 1) -> EnsembleView {
    var view = running(before, leader: leader)
    for (id, host) in places { view.update(ServerID(id)) { $0.movesTo = host } }
    return view
}

@Test func `a server leaves one host, and has ended there, before it joins on another`() throws {
    let plan = try #require(
        ChangePlan.make(moving([(3, "d")]), goal(members([(1, "a"), (2, "b"), (3, "d")]))))
    #expect(
        deeds(plan) == ["remove 3", "confirm", "stop 3", "retire 3", "start-joiner 3", "add 3"])
    #expect(plan.obstacle == nil)
    #expect(plan.entries.allSatisfy { $0.margin.mayFail != nil })
    let text = plan.entries.first.map { $0.step.text(because: $0.reasons) }
    #expect(text == "remove server 3, to join again: host c → d")
}

@Test func `all move, one after the other, the leader last`() throws {
    let wanted = members([(1, "d"), (2, "e"), (3, "f")])
    let plan = try #require(
        ChangePlan.make(moving([(1, "d"), (2, "e"), (3, "f")], leader: 2), goal(wanted)))
    let steps = deeds(plan).filter { !$0.hasPrefix("confirm") && !$0.hasPrefix("hand-over") }
    let expected = [1, 3, 2].flatMap {
        ["remove \($0)", "stop \($0)", "retire \($0)", "start-joiner \($0)", "add \($0)"]
    }
    #expect(steps == expected)
    #expect(plan.obstacle == nil)
}

@Test
func `wherever a move is interrupted, the next change goes on, and never starts a second one`()
    throws
{
    var view = moving([(2, "d"), (3, "e")], leader: 3)
    let wanted = goal(members([(1, "a"), (2, "d"), (3, "e")]))
    var count = 0
    while case .step(let step) = ChangePlanner.decide(view, wanted) {
        // Whatever is planned from here, nobody is started elsewhere who has files where he was.
        let plan = try #require(ChangePlan.make(view, wanted))
        #expect(plan.obstacle == nil)
        if case .startJoiner(let id) = step {
            #expect(view.server(id)?.movesTo == nil && !view.isRunning(id))
            #expect(view.committed?.member(id) == nil)
        }
        view = view.after(step)
        // Who looks again knows nothing of an earlier confirmation.
        if count % 2 == 0 { view.confirmedVersion = nil }
        count += 1
        guard count < 100 else { break }
    }
    #expect(ChangePlanner.decide(view, wanted) == .done)
    #expect(view.committed?.members == wanted.members.members)
}

@Test func `a server whose old host does not answer gets another id`() throws {
    let wanted = goal(members([(1, "a"), (2, "b"), (3, "d")]))
    var view = moving([(3, "d")])
    view.update(ServerID(3)) { server in
        server.isRunning = false
        server.mode = nil
        server.isSynced = false
        server.isUnreachable = true
        server.files = .none
    }
    let plan = try #require(ChangePlan.make(view, wanted))
    #expect(plan.entries.isEmpty)
    #expect(plan.obstacle?.advice.contains("an id of its own") ?? false)
    // It was lost when it had left already.
    view.committed?.members.removeLast()
    #expect(ChangePlan.make(view, wanted)?.obstacle != nil)
    // With another id it is replaced, and nobody waits for the dead host.
    view = running(before, leader: 1, dead: [3])
    view.update(ServerID(3)) { $0.isUnreachable = true }
    let replaced = goal(members([(1, "a"), (2, "b"), (4, "d")]))
    #expect(
        deeds(ChangePlan.make(view, replaced)).filter { $0 != "confirm" } == [
            "start-joiner 4", "add 4", "remove 3", "retire 3",
        ])
}

@Test func `two that change hosts with each other are not both away`() throws {
    let wanted = goal(members([(1, "a"), (2, "c"), (3, "b")]))
    var view = moving([(2, "c"), (3, "b")])
    for id in [Int64(2), 3] {
        let host = wanted.members.member(ServerID(id))?.quorum.host
        #expect(host == ByteString(id == 2 ? "c" : "b"))
    }
    while case .step(let step) = ChangePlanner.decide(view, wanted) {
        view = view.after(step)
        #expect((view.committed?.voters.count ?? 0) >= 2)
    }
    #expect(view.synced.count >= 2)
}
