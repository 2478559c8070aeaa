import Mutants
public import Records

// What a peer hears from its driver about links, disk and time: each event goes to the machine it
// concerns, and then the peer looks at what it has led to.

extension QuorumPeer {
    // MARK: Time

    /// When `hitDeadline` is wanted at the latest.
    ///
    /// Mutates nothing, but is asked after everything that comes in: where the peer is kept in an
    /// object, a plain getter would be given a copy of all of it, with a retain for each part.
    public var nextDeadline: Int64? {
        mutating get {
            let reign = min(
                leader?.nextDeadline ?? .max, learner?.nextDeadline ?? .max,
                learner?.silenceDeadline(context) ?? .max)
            let earliest = min(electionDeadline ?? .max, reign)
            return earliest == .max ? nil : earliest
        }
    }

    /// Time has passed; harmless when it is too early.
    public mutating func hitDeadline(now: Int64) {
        context.now = now
        electionHitDeadline()
        leader?.hitDeadline(&context)
        learner?.hitDeadline(&context)
        settle()
    }

    // MARK: The quorum port

    /// A learner has dialed our quorum port, or an observer that for observers; `link` came from
    /// `newLink()`.
    public mutating func quorumAccepted(_ link: LinkID, now: Int64) {
        context.now = now
        if leader != nil {
            leader?.accepted(link, &context)
        } else if learner != nil {
            learner?.accepted(link, &context)
        } else {
            context.effects.add(.quorumClose(link))
        }
        settle()
    }

    /// Our dial to the leader has succeeded.
    public mutating func quorumDialed(_ link: LinkID, now: Int64) {
        context.now = now
        guard learner?.link == link else {
            context.effects.add(.quorumClose(link))
            return
        }
        learner?.dialed(link, &context)
        settle()
    }

    /// Our dial to the leader has failed.
    public mutating func quorumDialFailed(_ link: LinkID, now: Int64) {
        context.now = now
        learner?.dialFailed(link, &context)
        settle()
    }

    /// Bytes have come, cut anywhere.
    public mutating func quorumReceived(_ link: LinkID, _ bytes: RawSpan, now: Int64) {
        context.now = now
        leader?.received(link, bytes, &context)
        learner?.received(link, bytes, &context)
        settle()
    }

    /// The other side or the network has closed the link.
    public mutating func quorumClosed(_ link: LinkID, now: Int64) {
        context.now = now
        leader?.closed(link, &context)
        learner?.closed(link, &context)
        settle()
    }

    // MARK: The disk

    /// All that was appended up to here is durable.
    public mutating func logged(through zxid: Zxid, now: Int64) {
        context.now = now
        context.history.becameDurable(through: zxid)
        leader?.logged(&context)
        learner?.logged(&context)
        settle()
    }

    /// `truncateLog` or `reloadDatabase` is done, and this is what the disk held.
    public mutating func databaseReloaded(_ history: QuorumHistory, now: Int64) {
        context.now = now
        if activity == .reloading || !Mutant.memoryNotCut.isOn { context.history.reload(history) }
        context.forgetWhatIsNotLogged()
        if activity == .reloading {
            look()
        } else {
            learner?.truncated(&context)
        }
        settle()
    }

    /// A leader's database was replaced by another, which is durable: the reign ends, and the next
    /// election is held with the new history.
    public mutating func databaseReplaced(_ history: QuorumHistory, now: Int64) {
        context.now = now
        leader?.end("its database was replaced")
        context.history.reload(history)
        settle()
    }

    /// `truncateLog` has changed nothing: the disk does not hold the history up to that place.
    public mutating func truncationRefused(now: Int64) {
        context.now = now
        learner?.truncationRefused(&context)
        settle()
    }

    /// A piece of what `readLog` asked for, in order; `isLast` when it ends where that should.
    public mutating func logRead(
        _ link: LinkID, _ proposals: [Proposal], isLast: Bool, now: Int64
    ) {
        context.now = now
        leader?.logRead(link, proposals, isLast: isLast, &context)
        learner?.observers?.logRead(link, proposals, isLast: isLast, &context)
        settle()
    }

    /// What `readLog` asked for cannot be had; `reason` is for the log.
    public mutating func logReadFailed(_ link: LinkID, _ reason: String, now: Int64) {
        context.now = now
        leader?.logReadFailed(link, reason, &context)
        learner?.observers?.logReadFailed(link, reason, &context)
        settle()
    }

    /// `loadSnapshot` is done; not when the stream did not hold a database.
    public mutating func snapshotLoaded(_ succeeded: Bool, now: Int64) {
        context.now = now
        learner?.snapshotLoaded(succeeded, &context)
        settle()
    }
}
