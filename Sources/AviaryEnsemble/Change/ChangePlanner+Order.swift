internal import Records

// Who is to leave, to change and to move, in which order, and who is missed meanwhile.

extension ChangePlanner {
    /// Members that are not wanted.
    var leaving: [ServerID] {
        committed.members.map(\.id).filter { goal.members.member($0) == nil }
    }

    /// Participants that are to be observers.
    var demoted: [ServerID] {
        committed.voters.filter { goal.members.member($0)?.role == .observer }
    }

    /// Observers that are to be participants.
    var promoted: [ServerID] {
        committed.observers.filter { goal.members.member($0)?.role == .participant }
    }

    /// Members of the same role whose addresses differ.
    var moved: [ServerID] {
        committed.members.filter { member in
            guard let wanted = goal.members.member(member.id) else { return false }
            return wanted != member && wanted.role == member.role
        }.map(\.id)
    }

    /// First who is missed by nobody, then observers, then participants, and the leader last.
    func inOrder(_ ids: [ServerID]) -> [ServerID] {
        func rank(_ id: ServerID) -> Int {
            if id == view.leader { return 3 }
            if !view.isSynced(id) { return 0 }
            return committed.isVoter(id) ? 2 : 1
        }
        return ids.sorted { (rank($0), $0.rawValue) < (rank($1), $1.rawValue) }
    }

    /// The committed configuration with this member in it.
    func after(replacing member: Member) -> Membership {
        var next = committed
        next.members.removeAll { $0.id == member.id }
        next.members.append(member)
        next.members.sort { $0.id < $1.id }
        return next
    }

    /// Who is in step while a step is carried out: who restarts or moves is away for a moment.
    func synced(during step: ChangeStep) -> Set<ServerID> {
        switch step {
        case .restart(let id): return view.synced.subtracting([id])
        case .change(let member):
            let old = committed.member(member.id)
            let isSamePlace = old?.quorum == member.quorum && old?.election == member.election
            let staysVoter = old?.role == .participant && member.role == .participant
            return isSamePlace && staysVoter
                ? view.synced : view.synced.subtracting([member.id])
        case .replaceAll(let members):
            let away = committed.members.filter { old in
                guard let new = members.member(old.id) else { return false }
                return new.quorum != old.quorum || new.election != old.election
                    || new.role != old.role
            }
            return view.synced.subtracting(away.map(\.id))
        default: return view.synced
        }
    }

    /// Groups and weights are changed as a whole, when everybody who is to join is in step.
    func replaceHierarchy() -> ChangeDecision? {
        let wanted = goal.members
        guard wanted.isHierarchical || committed.isHierarchical else { return nil }
        let isSame =
            wanted.members == committed.members && wanted.groups == committed.groups
            && wanted.weights == committed.weights
        guard !isSame else { return nil }
        let joiners = wanted.members.map(\.id).filter { committed.member($0) == nil }
        if let id = joiners.first(where: { !view.isRunning($0) }) {
            return .step(.startJoiner(id))
        }
        if let id = joiners.first(where: { !view.isSynced($0) }) { return .step(.awaitSync(id)) }
        guard QuorumMargin(wanted, synced: view.synced).mayFail != nil else {
            return .blocked(
                reason: "the new groups would have no quorum among the servers that are in step",
                advice: "aviary status shows who is missing")
        }
        let step = ChangeStep.replaceAll(wanted)
        if QuorumMargin(wanted, synced: synced(during: step)).mayFail != nil { return .step(step) }
        // Too many would be away at once: one after the other, then.
        if let one = moveOne() { return .step(one) }
        guard goal.isOutageAccepted else {
            return .blocked(
                reason: "to \(step.text) would move so many servers at once that no quorum is left",
                advice: "move them one after the other, each in a change of its own, or the same "
                    + "again with --accept-outage")
        }
        return .step(step)
    }

    /// One server moves, while all groups and weights stay as they are, if the others are enough.
    private func moveOne() -> ChangeStep? {
        for id in inOrder(moved) {
            guard let wanted = goal.members.member(id) else { continue }
            let next = after(replacing: wanted)
            let collides = next.members.contains { $0.id != id && $0.collides(with: wanted) }
            let step = ChangeStep.replaceAll(next)
            if !collides, QuorumMargin(next, synced: synced(during: step)).mayFail != nil {
                return step
            }
        }
        return nil
    }
}

extension Member {
    /// Whether both would have to listen at one place.
    func collides(with other: Member) -> Bool {
        guard quorum.host == other.quorum.host else { return false }
        func ports(_ member: Member) -> Set<UInt16> {
            Set([member.quorum.port, member.election.port, member.client?.port ?? 0])
        }
        return !ports(self).isDisjoint(with: ports(other).subtracting([0]))
    }
}
