// Ensembles as values, for tests of the planner.

import Jute
import Records

@testable import AviaryEnsemble

/// `server.ID` with the ports that go with the id, or others from `place`.
func member(_ id: Int64, _ role: MemberRole = .participant, place: Int64? = nil) -> Member {
    let offset = UInt16(place ?? id)
    return Member(
        id: ServerID(id), quorum: Endpoint(host: "localhost", port: 2887 + offset),
        election: Endpoint(host: "localhost", port: 3887 + offset),
        client: Endpoint(host: "0.0.0.0", port: 2180 + offset), role: role)
}

func members(_ ids: [Int64], observers: [Int64] = [], version: Int64 = 0) -> Membership {
    Membership(
        version: version,
        members: ids.map { member($0) } + observers.map { member($0, .observer) })
}

func goal(_ members: Membership) -> ChangeGoal { ChangeGoal(members: members) }

/// All members run and are in step; `leader` leads.
func running(_ committed: Membership, leader: Int64) -> EnsembleView {
    EnsembleView(
        committed: committed,
        servers: committed.members.map { member in
            ObservedServer(
                id: member.id, isRunning: true,
                mode: member.id == ServerID(leader)
                    ? .leader : member.role == .observer ? .observer : .follower,
                isSynced: true, files: .member)
        })
}

/// The same, with some of them not running.
func running(_ committed: Membership, leader: Int64, dead: [Int64]) -> EnsembleView {
    var view = running(committed, leader: leader)
    for id in dead {
        view.update(ServerID(id)) { server in
            server.isRunning = false
            server.mode = nil
            server.isSynced = false
        }
    }
    return view
}

/// The steps as words, `add 4`, one after the other.
func words(_ plan: ChangePlan?) -> [String] {
    guard let plan else { return ["no plan"] }
    return plan.entries.map { entry in
        [entry.step.name, entry.step.server.map { String($0.rawValue) }].compactMap { $0 }
            .joined(separator: " ")
    }
}

/// The same without the waiting, which follows every step that somebody may be behind after.
func deeds(_ plan: ChangePlan?) -> [String] { words(plan).filter { !$0.hasPrefix("await") } }
