// What the planner decides, case by case, without a process.

import Jute
import Records
import Testing

@testable import AviaryEnsemble

@Test func `an ensemble that is what is wanted needs no step`() {
    let three = members([1, 2, 3], version: 7)
    let plan = ChangePlan.make(running(three, leader: 3), goal(members([1, 2, 3])))
    #expect(plan?.entries == [])
    #expect(plan?.obstacle == nil)
    #expect(plan?.madeFor == 7)
    #expect(plan?.leader == ServerID(3))
}

@Test func `a server joins as an observer of its own, catches up, and is added`() {
    let plan = ChangePlan.make(
        running(members([1, 2, 3]), leader: 3), goal(members([1, 2, 3, 4])))
    #expect(words(plan) == ["start-joiner 4", "await-sync 4", "add 4"])
}

@Test func `all joiners catch up before the first of them votes`() {
    let plan = ChangePlan.make(running(members([1]), leader: 1), goal(members([1, 2, 3])))
    #expect(
        words(plan) == [
            "start-joiner 2", "start-joiner 3", "await-sync 2", "await-sync 3", "add 2", "add 3",
        ])
}

@Test func `a server leaves, the change is confirmed by a write, and only then it stops`() {
    let plan = ChangePlan.make(running(members([1, 2, 3]), leader: 1), goal(members([1, 2])))
    #expect(words(plan) == ["remove 3", "confirm", "stop 3", "retire 3"])
}

@Test func `one leaves after the other, and the leader last`() {
    let five = running(members([1, 2, 3, 4, 5]), leader: 4)
    let plan = ChangePlan.make(five, goal(members([1, 2, 3])))
    #expect(
        words(plan) == [
            "remove 5", "confirm", "stop 5", "retire 5", "remove 4", "confirm", "stop 4",
            "retire 4",
        ])
}

@Test func `who is dead leaves before who is alive`() {
    let view = running(members([1, 2, 3, 4, 5]), leader: 5, dead: [4])
    let plan = ChangePlan.make(view, goal(members([1, 2, 3])))
    #expect(
        words(plan) == [
            "remove 4", "retire 4", "remove 5", "confirm", "stop 5", "retire 5",
        ])
}

@Test func `who is replaced leaves after its successor has joined`() {
    let view = running(members([1, 2, 3]), leader: 3)
    let plan = ChangePlan.make(view, goal(members([1, 2, 4])))
    #expect(
        words(plan) == [
            "start-joiner 4", "await-sync 4", "add 4", "remove 3", "confirm", "stop 3", "retire 3",
        ])
}

@Test func `when all are replaced there is never more than one too many`() throws {
    let view = running(members([1, 2, 3]), leader: 2)
    let plan = try #require(ChangePlan.make(view, goal(members([4, 5, 6]))))
    let changes = deeds(plan).filter { $0.hasPrefix("add") || $0.hasPrefix("remove") }
    #expect(changes == ["add 4", "remove 1", "add 5", "remove 3", "add 6", "remove 2"])
    #expect(plan.entries.allSatisfy { $0.margin.count <= 4 })
}

@Test func `a dead server that is replaced does not stand in the way`() {
    let view = running(members([1, 2, 3]), leader: 2, dead: [3])
    let plan = ChangePlan.make(view, goal(members([1, 2, 4])))
    #expect(
        words(plan) == ["start-joiner 4", "await-sync 4", "add 4", "remove 3", "retire 3"])
}

@Test func `who stays and does not run is started before anything is changed`() {
    let view = running(members([1, 2, 3]), leader: 2, dead: [3])
    let plan = ChangePlan.make(view, goal(members([1, 2, 3, 4])))
    #expect(words(plan).prefix(3) == ["start 3", "await-sync 3", "start-joiner 4"])
}

@Test func `without a leader everybody is started, whoever is to leave too`() {
    var view = running(members([1, 2, 3]), leader: 1, dead: [1, 3])
    view.committed = nil
    #expect(ChangePlanner.decide(view, goal(members([1, 2]))) == .step(.start(ServerID(1))))
    view.update(ServerID(1)) { $0.isRunning = true }
    #expect(ChangePlanner.decide(view, goal(members([1, 2]))) == .step(.start(ServerID(3))))
    view.update(ServerID(3)) { $0.isRunning = true }
    #expect(ChangePlanner.decide(view, goal(members([1, 2]))) == .step(.awaitQuorum))
    #expect(ChangePlan.make(view, goal(members([1, 2]))) == nil)
}

@Test func `a joiner that does not run is not taken for a member that could help`() {
    var view = running(members([1, 2, 3]), leader: 1, dead: [1])
    view.committed = nil
    view.update(ServerID(1)) { $0.isRunning = true }
    view.update(ServerID(4)) { $0.files = .joiner }
    view.update(ServerID(5)) { $0.files = .former }
    #expect(ChangePlanner.decide(view, goal(members([1, 2, 3]))) == .step(.awaitQuorum))
}

@Test func `an observer is promoted in place while the others are enough`() {
    let view = running(members([1, 2, 3], observers: [4]), leader: 1)
    let plan = ChangePlan.make(view, goal(members([1, 2, 3, 4])))
    #expect(words(plan) == ["change 4", "await-sync 4"])
}

@Test func `an observer that is needed for the new quorum leaves and joins again`() {
    let view = running(members([1], observers: [2]), leader: 1)
    let plan = ChangePlan.make(view, goal(members([1, 2])))
    #expect(words(plan) == ["remove 2", "await-sync 2", "add 2"])
}

@Test func `participants become observers one by one, the leader last`() {
    let view = running(members([1, 2, 3, 4, 5]), leader: 4)
    let plan = ChangePlan.make(view, goal(members([1, 2, 3], observers: [4, 5])))
    #expect(words(plan) == ["change 5", "await-sync 5", "change 4", "await-sync 4"])
}

@Test func `an observer is added without a vote`() throws {
    let view = running(members([1, 2, 3]), leader: 1)
    let plan = try #require(ChangePlan.make(view, goal(members([1, 2, 3], observers: [4]))))
    #expect(words(plan) == ["start-joiner 4", "await-sync 4", "add 4"])
    #expect(plan.entries.allSatisfy { $0.margin.count == 3 && $0.margin.mayFail == 1 })
}

@Test func `servers move one by one, the leader last, each back in step before the next`() {
    let view = running(members([1, 2, 3]), leader: 2)
    let elsewhere = Membership(
        version: 0, members: [1, 2, 3].map { member($0, place: $0 + 100) })
    let plan = ChangePlan.make(view, goal(elsewhere))
    #expect(
        words(plan) == [
            "change 1", "await-sync 1", "change 3", "await-sync 3", "change 2", "await-sync 2",
        ])
}

@Test func `another client port takes nobody away`() throws {
    var wanted = members([1, 2, 3])
    wanted.members[0].client?.port = 9999
    let plan = try #require(ChangePlan.make(running(members([1, 2, 3]), leader: 1), goal(wanted)))
    #expect(plan.entries.first?.step == .change(wanted.members[0]))
    #expect(plan.entries.first?.margin.synced == 3)
}

@Test func `at which address of its host a member serves clients is no reason for a change`() {
    var committed = members([1, 2, 3])
    committed.members[0].client?.host = "127.0.0.1"
    let plan = ChangePlan.make(running(committed, leader: 1), goal(members([1, 2, 3])))
    #expect(plan?.entries == [])
}

@Test func `a joiner waits for the ports of one that leaves`() {
    let view = running(members([1, 2, 3]), leader: 1)
    let wanted = Membership(version: 0, members: [member(1), member(2), member(4, place: 3)])
    #expect(
        words(ChangePlan.make(view, goal(wanted))) == [
            "remove 3", "confirm", "stop 3", "retire 3", "start-joiner 4", "await-sync 4", "add 4",
        ])
}

@Test func `two members cannot change places`() throws {
    let view = running(members([1, 2, 3]), leader: 1)
    let wanted = Membership(
        version: 0, members: [member(1), member(2, place: 3), member(3, place: 2)])
    let plan = try #require(ChangePlan.make(view, goal(wanted)))
    #expect(plan.entries == [])
    #expect(plan.obstacle?.reason.contains("server 2 is to get an address that server 3") == true)
}

@Test func `servers restart observers first, then followers, then the leader`() {
    var view = running(members([1, 2, 3], observers: [4]), leader: 1)
    for id in 1...4 { view.update(ServerID(Int64(id))) { $0.isCurrent = false } }
    let plan = ChangePlan.make(view, goal(members([1, 2, 3], observers: [4])))
    #expect(
        words(plan) == [
            "restart 4", "await-sync 4", "restart 2", "await-sync 2", "restart 3", "await-sync 3",
            "hand-over 3", "restart 1", "await-sync 1",
        ])
    // A leader that does not understand the wish restarts as it is.
    var stubborn = goal(members([1, 2, 3], observers: [4]))
    stubborn.handsOver = false
    #expect(
        words(ChangePlan.make(view, stubborn)).suffix(3) == [
            "await-sync 3", "restart 1", "await-sync 1",
        ])
}

@Test(arguments: [1, 2])
func `too few participants restart only if their absence is accepted`(count: Int64) throws {
    let few = members(Array(1...count))
    var view = running(few, leader: 1)
    view.update(ServerID(1)) { $0.isCurrent = false }
    let refused = try #require(ChangePlan.make(view, goal(few)))
    #expect(refused.entries == [])
    #expect(refused.obstacle?.advice.contains("--accept-outage") == true)
    let accepted = ChangePlan.make(view, ChangeGoal(members: few, isOutageAccepted: true))
    let first = count == 2 ? ["hand-over 2"] : []
    #expect(words(accepted) == first + ["restart 1", "await-sync 1"])
}

@Test func `nobody restarts while somebody else is missing`() {
    var view = running(members([1, 2, 3]), leader: 1)
    view.update(ServerID(2)) { $0.isCurrent = false }
    view.update(ServerID(3)) { $0.isSynced = false }
    #expect(
        ChangePlanner.decide(view, goal(members([1, 2, 3]))) == .step(.awaitSync(ServerID(3))))
}

@Test func `the last participant cannot leave`() throws {
    let view = running(members([1], observers: [2]), leader: 1)
    let plan = try #require(
        ChangePlan.make(view, goal(Membership(version: 0, members: [member(2, .observer)]))))
    #expect(plan.entries == [])
    #expect(plan.obstacle?.reason.contains("last participant") == true)
}

@Test func `the last participant stays one, whatever outage is accepted`() throws {
    let view = running(members([1]), leader: 1)
    var goal = goal(
        Membership(version: 0, members: [member(1, .observer, place: 5), member(2, place: 1)]))
    goal.isOutageAccepted = true
    let plan = try #require(ChangePlan.make(view, goal))
    #expect(plan.entries == [])
    #expect(plan.obstacle?.reason.contains("last participant") == true)
}

@Test func `who has several addresses keeps them, and may leave`() throws {
    var committed = members([1, 2])
    let own = member(3)
    let further = Endpoint(host: "other", port: 2900)
    committed.members.append(
        try #require(
            Member(
                id: own.id,
                addresses: own.addresses + [.init(quorum: further, election: further)],
                client: own.client, role: own.role)))
    let view = running(committed, leader: 1)
    let plan = try #require(
        ChangePlan.make(
            view,
            goal(Membership(version: 0, members: [member(1), member(2), member(3, .observer)]))))
    #expect(plan.entries == [])
    #expect(plan.obstacle?.reason.contains("server 3 has several addresses") == true)
    #expect(
        words(ChangePlan.make(view, goal(members([1, 2])))) == [
            "remove 3", "confirm", "stop 3", "retire 3",
        ])
}

@Test func `groups and weights change as a whole, after the joiners have caught up`() {
    let wanted = Membership(
        version: 0, members: (1...4).map { member($0) },
        groups: [1: [ServerID(1), ServerID(2)], 2: [ServerID(3), ServerID(4)]],
        isHierarchical: true)
    let plan = ChangePlan.make(running(members([1, 2, 3, 5]), leader: 5), goal(wanted))
    #expect(
        words(plan) == [
            "start-joiner 4", "await-sync 4", "replace-all", "confirm", "stop 5", "retire 5",
        ])
}

@Test func `a margin counts groups where there are some`() {
    let groups = Membership(
        version: 0, members: (1...9).map { member($0) },
        groups: [
            1: [1, 2, 3].map { ServerID($0) }, 2: [4, 5, 6].map { ServerID($0) },
            3: [7, 8, 9].map { ServerID($0) },
        ], isHierarchical: true)
    let all = Set((1...9).map { ServerID(Int64($0)) })
    #expect(QuorumMargin(groups, synced: all).mayFail == 3)
    #expect(QuorumMargin(groups, synced: all.subtracting([ServerID(1)])).mayFail == 2)
    let two = all.subtracting([1, 2].map { ServerID($0) })
    #expect(QuorumMargin(groups, synced: two).mayFail == 1)
    let lost = all.subtracting([1, 2, 4, 5].map { ServerID($0) })
    #expect(QuorumMargin(groups, synced: lost).mayFail == nil)
    #expect(
        QuorumMargin(members([1, 2, 3, 4]), synced: all).text
            == "3 of 4 needed, 4 in step, 1 may fail")
}

@Test func `nobody waits for a server that is paused`() {
    var view = running(members([1, 2, 3]), leader: 1)
    view.update(ServerID(2)) { server in
        server.mode = nil
        server.isSynced = false
        server.isPaused = true
    }
    let decision = ChangePlanner.decide(view, goal(members([1, 2, 3, 4])))
    #expect(
        decision
            == .blocked(
                reason: "server 2 is paused, and so it is not in step with the leader",
                advice: "aviary resume 2, and then the same again"))
    // Who is to leave may be as it is.
    #expect(ChangePlanner.decide(view, goal(members([1, 3]))) == .step(.remove(ServerID(2))))
}

@Test func `a roll leaves who was stopped on purpose, and restarts the others if they are enough`()
{
    var view = running(members([1, 2, 3, 4, 5]), leader: 1, dead: [5])
    view.update(ServerID(5)) { $0.isStoppedOnPurpose = true }
    for id in view.servers.map(\.id) { view.update(id) { $0.isCurrent = false } }
    var wish = goal(members([1, 2, 3, 4, 5]))
    #expect(deeds(ChangePlan.make(view, wish)).first == "start 5")
    wish.leavesStopped = true
    let plan = ChangePlan.make(view, wish)
    #expect(
        deeds(plan) == ["restart 2", "restart 3", "restart 4", "hand-over 4", "restart 1"])
    #expect(plan?.obstacle == nil)
    // Of three the other two cannot do without one.
    view = running(members([1, 2, 3]), leader: 1, dead: [3])
    view.update(ServerID(3)) { $0.isStoppedOnPurpose = true }
    view.update(ServerID(2)) { $0.isCurrent = false }
    wish.members = members([1, 2, 3])
    let obstacle = ChangePlan.make(view, wish)?.obstacle
    #expect(obstacle?.advice == "aviary start 3, and then the same again")
    // Whoever has died is started.
    view.update(ServerID(3)) { $0.isStoppedOnPurpose = false }
    #expect(deeds(ChangePlan.make(view, wish)).first == "start 3")
}
