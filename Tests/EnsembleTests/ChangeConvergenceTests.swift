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
]

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
