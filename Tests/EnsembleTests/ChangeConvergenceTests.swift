// Interrupted anywhere, a change is looked at anew and comes to its end, and nowhere on its way is
// there less than a quorum in step.

import Records
import Testing

@testable import AviaryEnsemble

/// From where, led by whom, to where.
private let changes: [(from: Membership, leader: Int64, to: Membership)] = [
    (members([1]), 1, members([1, 2, 3])),
    (members([1, 2, 3]), 3, members([1, 2, 3, 4, 5])),
    (members([1, 2, 3, 4, 5]), 5, members([1, 2, 3])),
    (members([1, 2, 3]), 1, members([2])),
    (members([1, 2, 3]), 2, members([4, 5, 6])),
    (members([1, 2, 3], observers: [4, 5]), 2, members([1, 4, 5], observers: [2, 6])),
    (members([1], observers: [2]), 1, members([2], observers: [1])),
    (
        members([1, 2, 3]), 3,
        Membership(version: 0, members: [1, 2, 3].map { member($0, place: $0 + 50) })
    ),
    (
        members([1, 2, 3]), 3,
        Membership(version: 0, members: [member(1), member(2), member(4, place: 3)])
    ),
    // Groups, which are changed as a whole: everybody moves, and somebody joins and leaves.
    (grouped((1...9).map { member($0) }), 5, grouped((1...9).map { member($0, place: $0 + 50) })),
    (
        grouped((1...9).map { member($0) }), 9,
        grouped((1...9).map { $0 == 4 ? member(10, place: 10) : member($0) })
    ),
]

/// Three groups of three, in the order of the members.
private func grouped(_ all: [Member]) -> Membership {
    let groups = all.indices.reduce(into: [Int64: [ServerID]]()) { groups, place in
        groups[Int64(place / 3) + 1, default: []].append(all[place].id)
    }
    return Membership(version: 0, members: all, groups: groups, isHierarchical: true)
}

@Test func `servers in groups do not all move at once without a word`() throws {
    let few = { (offset: Int64) in
        Membership(
            version: 0, members: (1...2).map { member($0, place: $0 + offset) },
            groups: [1: [ServerID(1), ServerID(2)]], isHierarchical: true)
    }
    let plan = try #require(
        ChangePlan.make(running(few(0), leader: 1), goal(few(50))))
    #expect(plan.obstacle != nil && plan.entries.isEmpty)
    let accepted = ChangeGoal(members: few(50), isOutageAccepted: true)
    #expect(
        ChangePlanner.decide(running(few(0), leader: 1), accepted)
            == .step(.replaceAll(few(50))))
}

@Test func `a weight of 1 that a server prints is no reason for a change`() {
    let weighted = Membership(
        version: 0, members: (1...3).map { member($0) },
        groups: [1: (1...3).map { ServerID($0) }],
        weights: [ServerID(1): 1, ServerID(2): 1, ServerID(3): 2], isHierarchical: true)
    let plain = Membership(
        version: 0, members: weighted.members, groups: weighted.groups,
        weights: [ServerID(3): 2], isHierarchical: true)
    #expect(weighted == plain)
    #expect(ChangePlanner.decide(running(weighted, leader: 1), goal(plain)) == .done)
}

@Test func `who has lost its vote to a move of the leader is found, and nobody else`() {
    let all = members([1, 2, 3])
    let left = members([1, 3], observers: [2], version: 7)
    #expect(LeaderMove.deposed(left, wanted: all) == [ServerID(2)])
    #expect(LeaderMove.deposed(all, wanted: all) == [])
    // An observer that is wanted, and a change that is more than that.
    #expect(LeaderMove.deposed(left, wanted: members([1, 3], observers: [2])) == [])
    #expect(LeaderMove.deposed(left, wanted: members([1, 2, 3, 4])) == [])
    #expect(LeaderMove.deposed(all, wanted: members([1, 3], observers: [2])) == [])
}

/// Every view on the way of a plan, the first and the last included.
private func way(_ view: EnsembleView, _ goal: ChangeGoal) -> [EnsembleView] {
    var views = [view]
    while views.count < 200,
        case .step(let step) = ChangePlanner.decide(views[views.count - 1], goal)
    {
        views.append(views[views.count - 1].after(step))
    }
    return views
}

private func isThere(_ view: EnsembleView, _ goal: ChangeGoal) -> Bool {
    guard let committed = view.committed else { return false }
    return committed.members == goal.members.members
        && view.servers.map(\.id) == committed.members.map(\.id)
        && view.servers.allSatisfy { $0.isRunning && $0.isSynced && $0.isCurrent }
}

@Test(arguments: changes.indices)
func `every change comes to its end with a quorum at every step`(index: Int) throws {
    let change = changes[index]
    let goal = ChangeGoal(members: change.to, isOutageAccepted: change.from.voters.count < 3)
    let view = running(change.from, leader: change.leader)
    let plan = try #require(ChangePlan.make(view, goal))
    #expect(plan.obstacle == nil)
    let views = way(view, goal)
    let last = try #require(views.last)
    #expect(isThere(last, goal), "\(words(plan)) ends at \(last)")
    for entry in plan.entries {
        #expect(entry.margin.mayFail != nil, "\(entry.step.text): \(entry.margin.text)")
    }
}

@Test(arguments: changes.indices)
func `interrupted anywhere, with all forgotten, it comes to its end`(index: Int) throws {
    let change = changes[index]
    let goal = ChangeGoal(members: change.to, isOutageAccepted: change.from.voters.count < 3)
    for var view in way(running(change.from, leader: change.leader), goal) {
        // What the interrupted one knew is gone; what it did is not.
        view.confirmedVersion = nil
        let last = try #require(way(view, goal).last)
        #expect(isThere(last, goal), "from \(view)")
    }
}

@Test(arguments: changes.indices)
func `when in addition any one server dies, it comes to its end`(index: Int) throws {
    let change = changes[index]
    let goal = ChangeGoal(members: change.to, isOutageAccepted: change.from.voters.count < 3)
    for view in way(running(change.from, leader: change.leader), goal) {
        for victim in view.servers where victim.isRunning {
            var struck = view
            struck.confirmedVersion = nil
            let wasLeader = struck.leader == victim.id
            struck.update(victim.id) { server in
                server.isRunning = false
                server.mode = nil
                server.isSynced = false
            }
            let heir = struck.committed?.voters.first { struck.isSynced($0) }
            if wasLeader, let heir { struck.update(heir) { $0.mode = .leader } }
            // Nobody can say the configuration without a quorum; they come back first.
            if struck.leader == nil { struck = revived(struck) }
            let last = try #require(way(struck, goal).last)
            #expect(isThere(last, goal), "\(victim.id) died: from \(struck)")
        }
    }
}

/// Starts whom the planner starts until it can only wait, and then lets one of them lead.
private func revived(_ view: EnsembleView) -> EnsembleView {
    var view = view
    while case .step(.start(let id)) = ChangePlanner.decide(view, ChangeGoal(members: members([])))
    {
        view = view.after(.start(id))
    }
    guard let leader = view.committed?.voters.first(where: { view.isRunning($0) }) else {
        return view
    }
    view.update(leader) { server in
        server.mode = .leader
        server.isSynced = true
    }
    return view
}

@Test(arguments: changes.indices)
func `it may change its mind on the way and return`(index: Int) throws {
    let change = changes[index]
    let there = ChangeGoal(members: change.to, isOutageAccepted: true)
    let back = ChangeGoal(members: change.from, isOutageAccepted: true)
    for view in way(running(change.from, leader: change.leader), there) {
        let last = try #require(way(view, back).last)
        #expect(isThere(last, back), "back from \(view)")
    }
}
