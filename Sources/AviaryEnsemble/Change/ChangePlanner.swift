internal import Records

/// What is to be done next.
public enum ChangeDecision: Equatable, Sendable {
    /// This step, and nothing else before another look.
    case step(ChangeStep)
    /// Nothing can be done safely, or at all: why, and what to type.
    case blocked(reason: String, advice: String)
    /// The ensemble is what is wanted.
    case done
}

/// Decides the next step from what is seen and what is wanted, and from nothing else.
///
/// It remembers nothing, so an interrupted change needs no record of how far it went: whoever looks
/// again gets the right next step. The order of the rules is the safety of the change:
///
/// 1. Members that stay are brought back and in step before anything is taken away.
/// 2. Servers that do not know the operator restart: they would refuse all that follows.
/// 3. What has left is confirmed, stopped and put aside before the next one leaves.
/// 4. Servers join one by one, each only when it is in step.
/// 5. Servers leave, change and restart one by one: the dead first, the leader last, and only when
///    it leads no more.
public struct ChangePlanner: Sendable {
    let view: EnsembleView
    let goal: ChangeGoal
    let committed: Membership

    /// The next step.
    public static func decide(_ view: EnsembleView, _ goal: ChangeGoal) -> ChangeDecision {
        guard let committed = view.committed, view.leader != nil else {
            // Without a quorum everybody is needed, whoever is to leave later too.
            let sleeping = view.servers.first { server in
                let isMember = view.committed.map { $0.member(server.id) != nil } ?? true
                return !server.isRunning && server.files == .member && isMember
                    && !goal.leaves(server)
            }
            return .step(sleeping.map { .start($0.id) } ?? .awaitQuorum)
        }
        let planner = ChangePlanner(
            view: view, goal: goal.adoptingClientHosts(of: committed), committed: committed)
        return planner.beforeMoves().decide()
    }

    private func decide() -> ChangeDecision {
        let stages = [
            bringBack, admitOperator, finishLeaving, replaceHierarchy, join, leaveOrChange, restart,
        ]
        for stage in stages {
            if let decision = stage() { return decision }
        }
        return .done
    }

    // MARK: 1. Who stays must be there

    private func bringBack() -> ChangeDecision? {
        let staying = committed.members.filter {
            goal.members.member($0.id) != nil && !(view.server($0.id).map(goal.leaves) ?? false)
        }
        if let id = staying.map(\.id).first(where: { !view.isRunning($0) }) {
            switch view.server(id)?.files ?? .none {
            case .member, .joiner: return .step(.start(id))
            case .none, .former: return .step(.startJoiner(id))
            }
        }
        return staying.map(\.id).first { !view.isSynced($0) }.map { awaitSync($0) }
    }

    /// Whoever is behind catches up, and whoever is paused does nothing by itself.
    private func awaitSync(_ id: ServerID) -> ChangeDecision {
        guard view.server(id)?.isPaused ?? false else { return .step(.awaitSync(id)) }
        return .blocked(
            reason: "server \(id) is paused, and so it is not in step with the leader",
            advice: "aviary resume \(id), and then the same again")
    }

    // MARK: 2. Who is to be obeyed must be known

    private func admitOperator() -> ChangeDecision? {
        let decision = restart(where: \.isOperatorUnknown)
        // More members would be an advice in circles.
        guard case .blocked(let reason, _) = decision else { return decision }
        return .blocked(
            reason: reason + ", and before it knows the operator's credential nobody can change "
                + "anything else",
            advice: "the same again with --accept-outage")
    }

    // MARK: 3. Who has left must be gone

    private func finishLeaving() -> ChangeDecision? {
        let former = view.servers.filter {
            committed.member($0.id) == nil && goal.members.member($0.id) == nil
        }
        if let id = former.first(where: isLostOnItsWay)?.id { return loss(of: id) }
        if let running = former.first(where: { $0.isRunning }) {
            // Committed is not active: only a write that commits afterwards proves that nobody
            // counts on the one that leaves.
            guard view.confirmedVersion == committed.version else { return .step(.confirm) }
            return .step(.stop(running.id))
        }
        return former.first.map { .step(.retire($0.id)) }
    }

    // MARK: 4. Who joins must be in step

    private func join() -> ChangeDecision? {
        let joiners = goal.members.members.filter { committed.member($0.id) == nil }
        // One whose place another member still has waits until that one has left or moved.
        let free = joiners.filter { joiner in
            !committed.members.contains { $0.id != joiner.id && $0.collides(with: joiner) }
        }
        if let decision = prepare(free.map(\.id)) { return decision }
        // Who joins and who leaves take turns, so that there is never more than one too many.
        let isFull = committed.voters.count > goal.members.voters.count
        let canShrink = !leaving.isEmpty || !demoted.isEmpty
        if isFull, canShrink { return nil }
        if let next = free.first { return .step(.add(next)) }
        guard let promoted = promoted.first, let next = goal.members.member(promoted) else {
            return nil
        }
        return promote(next)
    }

    private func prepare(_ joiners: [ServerID]) -> ChangeDecision? {
        if let id = joiners.first(where: { !view.isRunning($0) }) {
            return .step(.startJoiner(id))
        }
        return joiners.first { !view.isSynced($0) }.map { awaitSync($0) }
    }

    /// An observer does not count among those that are in step for the new configuration: where
    /// the others are too few, it leaves and joins again as a follower without a vote.
    private func promote(_ member: Member) -> ChangeDecision {
        let next = after(replacing: member)
        let others = view.synced.subtracting([member.id])
        if QuorumMargin(next, synced: others).mayFail != nil { return .step(.change(member)) }
        return .step(.remove(member.id))
    }

    // MARK: 5. Who leaves, changes or restarts

    private func leaveOrChange() -> ChangeDecision? {
        let all = leaving + demoted + moved
        guard let id = inOrder(all).first else { return explainWaiting() }
        guard let wanted = goal.members.member(id) else { return leave(id) }
        return change(id, to: wanted)
    }

    private func leave(_ id: ServerID) -> ChangeDecision {
        if view.server(id).map(isLostOnItsWay) ?? false { return loss(of: id) }
        var next = committed
        next.members.removeAll { $0.id == id }
        guard !next.voters.isEmpty else {
            return .blocked(
                reason: "server \(id) is the last participant",
                advice: "add another one first, or remove the ensemble: aviary down --purge")
        }
        let margin = QuorumMargin(next, synced: view.synced)
        guard margin.mayFail != nil else { return tooFew(.remove(id), margin) }
        return .step(.remove(id))
    }

    private func change(_ id: ServerID, to wanted: Member) -> ChangeDecision {
        guard committed.member(id)?.further.isEmpty ?? true else {
            return .blocked(
                reason: "server \(id) has several addresses, and a spec has one for each server: "
                    + "this change would take the others away",
                advice: "change it by reconfig, in aviary cli, and not by a spec")
        }
        let next = after(replacing: wanted)
        guard !next.voters.isEmpty else {
            return .blocked(
                reason: "server \(id) is the last participant",
                advice: "let another one take part first, in a change of its own")
        }
        if let other = next.members.first(where: { $0.id != id && $0.collides(with: wanted) }) {
            return .blocked(
                reason: "server \(id) is to get an address that server \(other.id) has",
                advice: "let one of them move to other ports first, in a change of its own")
        }
        let during = QuorumMargin(next, synced: synced(during: .change(wanted)))
        guard during.mayFail != nil || goal.isOutageAccepted else {
            return tooFew(.change(wanted), during)
        }
        return .step(.change(wanted))
    }

    /// What stands in the way when somebody is to join, and nobody leaves or moves.
    private func explainWaiting() -> ChangeDecision? {
        guard
            let waiting = goal.members.members.first(where: { committed.member($0.id) == nil })
        else { return nil }
        return .blocked(
            reason: "server \(waiting.id) is to get an address that another member has",
            advice: "give it other ports in the spec")
    }

    private func restart() -> ChangeDecision? { restart { _ in true } }

    private func restart(where isMeant: (ObservedServer) -> Bool) -> ChangeDecision? {
        let outdated = view.servers.filter {
            !$0.isCurrent && committed.member($0.id) != nil && isMeant($0) && !goal.leaves($0)
        }
        guard let id = inOrder(outdated.map(\.id)).first else { return nil }
        let during = QuorumMargin(committed, synced: synced(during: .restart(id)))
        guard during.mayFail != nil || goal.isOutageAccepted else {
            return tooFew(.restart(id), during)
        }
        if goal.handsOver, id == view.leader, let successor = successor(of: id) {
            return .step(.handOver(from: id, to: successor))
        }
        return .step(.restart(id))
    }

    /// Who leads while the leader restarts: one that has restarted, and stays.
    private func successor(of id: ServerID) -> ServerID? {
        let heirs = committed.voters.filter { $0 != id && view.isSynced($0) }
        return heirs.last { view.server($0)?.isCurrent ?? false } ?? heirs.last
    }

    private func tooFew(_ step: ChangeStep, _ margin: QuorumMargin) -> ChangeDecision {
        if committed.voters.count < 3 {
            return .blocked(
                reason: "to \(step.text) would leave clients without service: "
                    + "\(committed.voters.count) participant\(committed.voters.count == 1 ? "" : "s") "
                    + "cannot do without one",
                advice: "aviary scale 3, or the same again with --accept-outage")
        }
        let stopped = view.servers.filter(goal.leaves).map { String($0.id.rawValue) }
        guard stopped.isEmpty else {
            let ids = stopped.joined(separator: " ")
            return .blocked(
                reason: "to \(step.text) would leave no quorum while server \(ids) is stopped: "
                    + margin.text,
                advice: "aviary start \(ids), and then the same again")
        }
        return .blocked(
            reason: "to \(step.text) would leave no quorum: \(margin.text)",
            advice: "aviary status shows who is missing; start them, or accept it with "
                + "--accept-outage")
    }
}
