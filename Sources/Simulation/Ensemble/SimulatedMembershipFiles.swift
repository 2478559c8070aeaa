import Records

/// The files about the members beside a simulated server's data: what the server program writes
/// and reads (MembershipFiles of AviaryServer), and what an operator does with them.
struct SimulatedMembershipFiles {
    let server: ServerID
    /// What the next start begins with.
    private(set) var committed: Membership
    /// Proposed and not known to be in force.
    private(set) var proposed: Membership?

    init(server: ServerID, committed: Membership) {
        self.server = server
        self.committed = committed
    }

    mutating func proposed(_ membership: Membership) {
        proposed = membership.version > committed.version ? membership : nil
    }

    mutating func committed(_ membership: Membership) {
        guard membership.version > committed.version else { return }
        if committed.version == 0, membership.member(server) == nil { return }
        committed = membership
        proposed = nil
    }

    /// Whether the server would refuse to start, as it is not in the list of members.
    var mustJoin: Bool { committed.member(server) == nil }

    /// What an operator does then: a configuration of the present members and this server as an
    /// observer.
    mutating func prepareJoining(_ newest: Membership) {
        var initial = newest
        initial.version = 0
        let number = Int(server.rawValue)
        committed = Membership(
            version: 0, members: initial.members + [EnsembleSimulation.member(number, .observer)])
        proposed = nil
    }
}
