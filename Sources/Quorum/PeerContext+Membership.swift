import Records

// The two configurations of a server: the one in force, and the newest that was proposed. While
// they differ, nothing counts that has not a quorum of both.

extension PeerContext {
    /// What this server is by the configuration in force; who is not in it follows without a vote.
    var isObserver: Bool { committed.member(settings.myID)?.role == .observer }

    /// The zxid of the change that is proposed and not in force yet.
    var pendingChange: Zxid? {
        lastSeen.version > committed.version ? Zxid(lastSeen.version) : nil
    }

    /// A newer configuration is proposed.
    mutating func propose(_ membership: Membership) {
        guard settings.reconfigEnabled, membership.version > lastSeen.version else { return }
        lastSeen = membership
        effects.addLocal(.membershipProposed(membership))
    }

    /// The leader's newest configuration takes the place of ours, even of a newer one.
    ///
    /// Our history is the leader's from here on, so a proposal that is not in it is gone, and with
    /// it the configuration that it proposed.
    mutating func replaceLastSeen(_ membership: Membership) {
        guard settings.reconfigEnabled, membership.version != lastSeen.version,
            membership.version >= committed.version
        else { return }
        lastSeen = membership
        effects.addLocal(.membershipProposed(membership))
    }

    /// The history was read again: what it does not propose any more binds nobody.
    mutating func forgetWhatIsNotLogged() {
        guard let change = pendingChange, change > history.lastLogged else { return }
        lastSeen = committed
        effects.addLocal(.membershipProposed(committed))
    }

    /// A newer configuration is in force.
    mutating func activate(_ membership: Membership) {
        guard settings.reconfigEnabled, membership.version > committed.version else { return }
        committed = membership
        ownElection = membership.member(settings.myID)?.electionEndpoints ?? ownElection
        if lastSeen.version < membership.version { lastSeen = membership }
        effects.addLocal(.membershipCommitted(membership))
    }
}

/// Who leads after a change of the configuration, without an election.
struct Succession: Equatable {
    var leader: ServerID
    /// The transaction that brought the change.
    var zxid: Zxid
}
