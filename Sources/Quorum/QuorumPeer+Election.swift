import Records

// What a peer hears from its driver about the election port, and what an election needs to know.

extension QuorumPeer {
    /// Begins an election with what this server has on disk.
    mutating func look() {
        activity = .electing
        election.look(
            zxid: context.history.lastLogged, epoch: context.history.currentEpoch,
            isVoter: context.committed.isVoter(settings.myID), &context)
    }

    mutating func electionHitDeadline() {
        election.hitDeadline(&context)
        dialElection()
    }

    mutating func dialElection() {
        election.dial(&context)
    }

    /// Somebody has dialed our election port; `link` came from `newLink()`.
    public mutating func electionAccepted(_ link: LinkID, now: Int64) {
        context.now = now
        election.accepted(link)
        settle()
    }

    /// Our dial has succeeded.
    public mutating func electionDialed(_ link: LinkID, now: Int64) {
        context.now = now
        election.dialed(link, &context)
        settle()
    }

    /// Our dial has failed.
    public mutating func electionDialFailed(_ link: LinkID, now: Int64) {
        context.now = now
        election.closed(link, &context)
        settle()
    }

    /// Bytes have come, cut anywhere.
    public mutating func electionReceived(_ link: LinkID, _ bytes: RawSpan, now: Int64) {
        context.now = now
        election.received(link, bytes, &context)
        settle()
    }

    /// The other side or the network has closed the link.
    public mutating func electionClosed(_ link: LinkID, now: Int64) {
        context.now = now
        election.closed(link, &context)
        settle()
    }
}
