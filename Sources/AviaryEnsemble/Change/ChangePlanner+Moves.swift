internal import Records

// Servers that are wanted on another host. An id is never at two places, and never comes back with
// an empty disk while it counts: such a server leaves, ends and is put aside before it joins again,
// on the other host, as a new one does.

extension ChangePlanner {
    /// The same with a goal that can be reached before the next server has moved: one at a time.
    func beforeMoves() -> ChangePlanner {
        let moving = view.servers.filter {
            $0.movesTo != nil && goal.members.member($0.id) != nil
        }.map(\.id)
        guard !moving.isEmpty else { return self }
        let left = moving.filter { committed.member($0) == nil }
        let isSomebodyJoining = goal.members.members.contains {
            committed.member($0.id) == nil && !moving.contains($0.id)
        }
        let next = isSomebodyJoining || !left.isEmpty ? nil : inOrder(moving).first
        var members = goal.members
        for id in moving {
            members.members.removeAll { $0.id == id }
            if id != next, let old = committed.member(id) { members.members.append(old) }
        }
        members.members.sort { $0.id < $1.id }
        members.groups = members.groups.mapValues { ids in
            ids.filter { members.member($0) != nil }
        }.filter { !$0.value.isEmpty }
        members.weights = members.weights.filter { members.member($0.key) != nil }
        var reachable = goal
        reachable.members = members
        return ChangePlanner(view: view, goal: reachable, committed: committed)
    }

    /// Whether it is to move, and may still run where nobody can end it.
    func isLostOnItsWay(_ server: ObservedServer) -> Bool {
        server.movesTo != nil && server.isUnreachable
    }

    /// Two servers of one id would each acknowledge what the other has never seen.
    func loss(of id: ServerID) -> ChangeDecision {
        let host = view.server(id)?.movesTo ?? "another host"
        return .blocked(
            reason:
                "server \(id) is to move to \(host), and its old host does not answer: if it still "
                + "runs there, or comes back, there would be two of one id",
            advice:
                "aviary apply SPEC, with a spec in which the server at \(host) has an id of its own "
                + "and \(id) is left out: that replaces it")
    }
}
