public import Records

/// One server's part in the ensemble: it elects, then leads or follows, and starts over when that
/// ends.
///
/// A pure machine with one owner. Everything that happens comes in as a method call with the
/// monotonic time in milliseconds; everything it wants is in `takeEffects()`.
public struct QuorumPeer {
    /// The settings it was made with.
    public let settings: QuorumSettings
    var effects: [QuorumEffect] = []
    var lastLink: UInt64 = 0

    /// A peer over what the disk holds; `seed` decides its random delays.
    public init(
        settings: QuorumSettings, membership: Membership, history: QuorumHistory, seed: UInt64
    ) {
        self.settings = settings
    }

    /// Begins the first election.
    public mutating func start(now: Int64) {}

    /// What is to be done, in order; the peer forgets it.
    public mutating func takeEffects() -> [QuorumEffect] {
        let taken = effects
        effects = []
        return taken
    }

    /// When `hitDeadline` is wanted at the latest.
    public var nextDeadline: Int64? { nil }

    /// Time has passed; harmless when it is too early.
    public mutating func hitDeadline(now: Int64) {}

    /// A number for a connection that the driver has accepted.
    public mutating func newLink() -> LinkID {
        lastLink += 1
        return LinkID(lastLink)
    }

    /// The state for four letter words and metrics.
    public var status: QuorumStatus {
        QuorumStatus(
            role: .looking, phase: .election, leader: nil, acceptedEpoch: .zero,
            currentEpoch: .zero, lastLogged: .zero, lastCommitted: .zero, syncedFollowers: 0,
            syncedNonVotingFollowers: 0, syncedObservers: 0, pendingLearners: 0,
            outstandingProposals: 0)
    }

    // MARK: The election port

    /// Somebody has dialed our election port; `link` came from `newLink()`.
    public mutating func electionAccepted(_ link: LinkID, now: Int64) {}
    /// Our dial has succeeded.
    public mutating func electionDialed(_ link: LinkID, now: Int64) {}
    /// Our dial has failed.
    public mutating func electionDialFailed(_ link: LinkID, now: Int64) {}
    /// Bytes have come, cut anywhere.
    public mutating func electionReceived(_ link: LinkID, _ bytes: RawSpan, now: Int64) {}
    /// The other side or the network has closed the link.
    public mutating func electionClosed(_ link: LinkID, now: Int64) {}

    // MARK: The quorum port

    /// A learner has dialed our quorum port; `link` came from `newLink()`.
    public mutating func quorumAccepted(_ link: LinkID, now: Int64) {}
    /// Our dial to the leader has succeeded.
    public mutating func quorumDialed(_ link: LinkID, now: Int64) {}
    /// Our dial to the leader has failed.
    public mutating func quorumDialFailed(_ link: LinkID, now: Int64) {}
    /// Bytes have come, cut anywhere.
    public mutating func quorumReceived(_ link: LinkID, _ bytes: RawSpan, now: Int64) {}
    /// The other side or the network has closed the link.
    public mutating func quorumClosed(_ link: LinkID, now: Int64) {}

    // MARK: The disk

    /// All that was appended up to here is durable.
    public mutating func logged(through zxid: Zxid, now: Int64) {}
    /// `truncateLog` or `reloadDatabase` is done, and this is what the disk held.
    public mutating func databaseReloaded(_ history: QuorumHistory, now: Int64) {}
    /// `loadSnapshot` is done; not when the stream did not hold a database.
    public mutating func snapshotLoaded(_ succeeded: Bool, now: Int64) {}

    // MARK: While leading

    /// The zxid that the next proposal must have.
    public var nextZxid: Zxid { .zero }
    /// Proposes the next transaction; its zxid must be `nextZxid`.
    ///
    /// Ignored when not leading: the effects then hold a `roleChanged` that says so.
    public mutating func propose(_ proposal: Proposal, now: Int64) {}
    /// Answers `revalidateAsked`.
    public mutating func answerRevalidate(_ link: LinkID, _ session: SessionID, isValid: Bool) {}
    /// Answers a forwarded sync once everything proposed until now is committed.
    public mutating func answerSync(_ link: LinkID) {}

    // MARK: While following or observing

    /// Sends a client's write or sync to the leader; ignored when there is none.
    public mutating func forward(_ request: ForwardedRequest) {}
    /// A client was active: the leader hears of it with the next ping.
    public mutating func touch(_ session: SessionID, timeout: Int32) {}
    /// Asks the leader whether a session may move to this server.
    public mutating func revalidate(_ session: SessionID, timeout: Int32) {}
}
