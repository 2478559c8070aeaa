// The launcher's planner at work on simulated servers: the same steps that `aviary apply` takes, with
// misfortunes between any two of them, and an operator who dies and is followed by another.

import AviaryEnsemble
import Records
public import Simulation

/// Takes an ensemble from three to five, three, one and three participants, then replaces every
/// server, in an order of the seed's, and lets an observer join who becomes a participant in the place
/// of the leader.
public final class PlannedChange: SimulatedOperator {
    private var goals: [Membership] = []
    private var confirmedVersion: Int64?
    private var committedVersion: Int64 = 0
    private var random: UInt64
    /// How many changes were wanted, the one after the last included.
    public private(set) var stageCount = 0
    /// How often another operator took over.
    public private(set) var deathCount = 0
    /// Steps that left fewer in step than the configuration needs.
    private var violations: [String] = []
    private var lastID: Int64 = 3
    /// Who is still to be replaced, of those that were there when that began.
    private var old: [Int64] = []
    /// How often a server was to be replaced that led.
    public private(set) var replacedLeaders = 0
    /// And one that followed.
    public private(set) var replacedFollowers = 0

    /// An operator whose deaths a seed decides.
    public init(seed: UInt64) { random = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    private func chance(_ count: UInt64) -> Bool {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return random % count == 0
    }

    /// An ordinary write was acknowledged: the configuration that was seen is active.
    public func acknowledged() { confirmedVersion = committedVersion }

    /// The planner's next step.
    public func decide(_ seen: SimulatedEnsembleView) -> SimulatedStep? {
        // A new operator knows nothing of what the last one did.
        if chance(8) {
            confirmedVersion = nil
            deathCount += 1
        }
        committedVersion = seen.committed.version
        let view = view(seen)
        guard let goal = goals.first ?? nextGoal(view) else { return nil }
        if goals.isEmpty { goals = [goal] }
        switch ChangePlanner.decide(view, ChangeGoal(members: goal, isOutageAccepted: true)) {
        case .done:
            goals = []
            return .wait
        case .blocked: return .wait
        case .step(let step):
            check(step, view)
            return carriedOut(step)
        }
    }

    /// What was wrong, once all is over; nil if all that was wanted came true and no step took a
    /// majority away.
    public var complaint: String? {
        violations.first ?? (stageCount < 10 ? "only \(stageCount) of 10 changes were begun" : nil)
    }

    /// What is wanted after what was wanted last.
    private func nextGoal(_ view: EnsembleView) -> Membership? {
        guard let leader = view.leader, let committed = view.committed else {
            // Nobody leads at the moment: what there is is wanted.
            return view.committed
        }
        stageCount += 1
        var ids = committed.members.map(\.id.rawValue)
        func new() -> Int64 {
            lastID += 1
            return lastID
        }
        switch stageCount {
        case 1: ids += [new(), new()]
        case 2: ids = ids.filter { $0 != leader.rawValue }.suffix(3).map { $0 }
        case 3: ids = [ids.last { $0 != leader.rawValue } ?? ids[0]]
        case 4: ids += [new(), new()]
        case 5...7:
            if stageCount == 5 { old = ids }
            let leaves = old.remove(at: old.count > 1 && chance(2) ? 0 : old.count - 1)
            if leaves == leader.rawValue { replacedLeaders += 1 } else { replacedFollowers += 1 }
            ids = ids.filter { $0 != leaves } + [new()]
        case 8: return made(ids, observers: [new()])
        case 9: ids = ids.filter { $0 != leader.rawValue }
        default: return nil
        }
        return made(ids)
    }

    private func made(_ ids: [Int64], observers: [Int64] = []) -> Membership {
        let members =
            ids.map { EnsembleSimulation.memberForOperators(Int($0), .participant) }
            + observers.map { EnsembleSimulation.memberForOperators(Int($0), .observer) }
        return Membership(version: 0, members: members.sorted { $0.id < $1.id })
    }

    private func view(_ seen: SimulatedEnsembleView) -> EnsembleView {
        let last = seen.servers.first { $0.mode == "leader" }?.lastZxid
        let others = seen.servers.count { $0.mode == "follower" }
        let servers = seen.servers.map { server in
            let files: ObservedServer.Files =
                switch server.files {
                case .joiner: .joiner
                case .member: .member
                case .former: .former
                }
            let isSynced =
                server.mode == "leader"
                || (server.mode != nil && seen.syncedLearners >= others
                    && last?.epoch == server.lastZxid.epoch)
            return ObservedServer(
                id: server.id, isRunning: server.isRunning,
                mode: server.mode.flatMap { ObservedServer.Mode(rawValue: $0) },
                isSynced: isSynced, files: files)
        }
        return EnsembleView(
            committed: seen.committed, servers: servers, confirmedVersion: confirmedVersion)
    }

    /// No step of the operator's own takes a majority away.
    private func check(_ step: ChangeStep, _ view: EnsembleView) {
        guard let committed = view.committed else { return }
        let next: Membership
        var synced = view.synced
        switch step {
        case .stop(let id), .restart(let id):
            synced.remove(id)
            next = committed
        case .add, .remove, .change: next = view.after(step).committed ?? committed
        default: return
        }
        if QuorumMargin(committed, synced: view.synced).mayFail == nil { return }
        if QuorumMargin(next, synced: synced).mayFail == nil, committed.voters.count > 2 {
            violations.append("\(step.text): \(synced) of \(next.voters)")
        }
    }

    private func carriedOut(_ step: ChangeStep) -> SimulatedStep {
        switch step {
        case .awaitQuorum, .awaitSync, .replaceAll: .wait
        case .start(let id): .start(id)
        case .startJoiner(let id): .startJoiner(id)
        case .stop(let id): .stop(id)
        case .retire(let id): .retire(id)
        case .restart(let id): .restart(id)
        case .add(let member), .change(let member): .reconfigure(joining: member, leaving: nil)
        case .remove(let id): .reconfigure(joining: nil, leaving: id)
        case .handOver(_, let successor): .handOver(to: successor)
        case .confirm: .write
        }
    }
}
