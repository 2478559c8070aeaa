public import Records

/// What a server is, once it serves clients; before that, it is looking.
public enum QuorumRole: Equatable, Sendable {
    /// No leader is known or followed yet: no client is served.
    case looking
    /// This server leads the epoch, and a quorum has taken over its history.
    case leading(Epoch)
    /// This server has all that the leader had committed, and votes.
    case following(ServerID)
    /// This server has all that the leader had committed, and does not vote.
    case observing(ServerID)
}

/// What a quorum peer wants done.
///
/// `takeEffects()` gives an ordered list: each is performed only after all before it are complete,
/// and all of them before the peer hears of the next event. An effect that cannot be performed
/// (an epoch, a flush, an append) is the end of the server: nothing after it may happen.
public enum QuorumEffect: Equatable, Sendable {
    // Disk.

    /// Durable when performed: the promise not to follow a leader of a lower epoch.
    case persistAcceptedEpoch(Epoch)
    /// Durable when performed: this server's history includes that epoch's leader's.
    case persistCurrentEpoch(Epoch)
    /// Goes to the log in this order, later; `logged(through:)` tells when it is durable.
    case append([Proposal])
    /// Blocks until all that was appended is durable. No `logged(through:)` that tells of an
    /// earlier state may follow it; one for the present end of the log may.
    case flushLog
    /// Blocks: keeps exactly the transactions up to `to`, drops snapshots beyond, reads the
    /// database again if it holds more, then `databaseReloaded`; if it fails, that is fatal. If
    /// the disk cannot go back there it changes nothing, and `truncationRefused` says so.
    /// Always the last effect of its list.
    case truncateLog(to: Zxid)
    /// Blocks: memory is forgotten and read again from disk, then `databaseReloaded`.
    /// Always the last effect of its list.
    case reloadDatabase
    /// Blocks: replaces the database in memory by this stream (sessions to "BenWasHere"), then
    /// `snapshotLoaded`. Always the last effect of its list.
    case loadSnapshot([UInt8], zxid: Zxid)
    /// The snapshot that was loaded goes on with these: applied to memory, and to nothing else.
    case extendSnapshot([Proposal])
    /// Blocks: a snapshot of the database in memory, at the zxid it has, durable; log segments
    /// that would be replayed over it get out of the way.
    case saveSnapshot(Zxid)
    /// The tree as it is now goes out on that quorum link, before any later effect.
    case sendSnapshot(LinkID, zxid: Zxid)

    /// Look at the log on disk after `after` through `through`, which is durable, away from
    /// everything else; the answer is `logRead` with its first piece, or `logReadFailed`.
    ///
    /// Failing is right whenever sending the whole database would be cheaper.
    case readLog(LinkID, after: Zxid, through: Zxid)
    /// The next piece, not before what was sent on that link has left; the answer is `logRead` or
    /// `logReadFailed`.
    case readMoreLog(LinkID)
    /// No piece is wanted any more.
    case stopReadingLog(LinkID)

    // The election port. The driver always listens on it.

    /// Dial a server's election port; the answer is `electionDialed` or `electionDialFailed`.
    case electionDial(LinkID, ServerID, Endpoint)
    case electionSend(LinkID, [UInt8])
    /// Close after what was sent; no event of this link is needed any more.
    case electionClose(LinkID)

    // The quorum port.

    /// Start or stop listening on this server's own quorum port.
    case quorumListen(Bool)
    /// Start or stop listening for observers, at this server's port for them; who comes there is
    /// `quorumAccepted` like a learner of a leader.
    case observersListen(Bool)
    /// Dial the quorum port of the leader, or who stands in for it; the answer is `quorumDialed` or `quorumDialFailed`.
    case quorumDial(LinkID, Endpoint)
    case quorumSend(LinkID, [UInt8])
    /// Close after what was sent; no event of this link is needed any more.
    case quorumClose(LinkID)

    // The state machine.

    /// Committed: apply to the tree and answer whoever asked. In zxid order, each once.
    case deliver(Proposal)
    /// Serve clients in every role but `.looking`; leaving a role ends all clients' connections.
    case roleChanged(QuorumRole)

    // What a leader hears from its learners.

    /// A client's write or sync, through a learner, in the learner's order.
    case forwarded(LinkID, ForwardedRequest)
    /// The clients of the learner that were active since its last report.
    case sessionsTouched(LinkID, [SessionTouch])
    /// May this session move to the learner? Answered by `answerRevalidate`.
    case revalidateAsked(LinkID, SessionID, timeout: Int32)

    // What a learner hears from its leader.

    /// The leader's answer to `revalidate`.
    case revalidated(SessionID, isValid: Bool)
    /// The session moves to an observer that we stand in for the leader with: nothing more may be
    /// forwarded for a client here that has it.
    case sessionLeft(SessionID)
    /// The oldest forwarded sync is complete.
    case syncCompleted

    // The membership, when it may change.

    /// Last seen, not in force yet: goes to `.dynamic.next`.
    case membershipProposed(Membership)
    /// In force: goes to `.dynamic.<version>` and to `/zookeeper/config`.
    case membershipCommitted(Membership)

    /// A line for the log; a warning when somebody may have to look.
    case note(String, isWarning: Bool)
    /// The server must end with this exit code.
    case fatal(code: Int32, reason: String)
}

/// A client that was active on a learner.
public struct SessionTouch: Equatable, Sendable {
    /// The client's session.
    public var session: SessionID
    /// Its timeout in milliseconds.
    public var timeout: Int32

    /// How many bytes one takes in a packet.
    static let size = 12
    /// What a learner may say in one packet: servers of Apache ZooKeeper put all of their clients into
    /// one, and have more than a million hardly ever.
    static let listSizeMax = 16 << 20

    /// A touch of `session`.
    public init(session: SessionID, timeout: Int32) {
        self.session = session
        self.timeout = timeout
    }
}

/// What the four letter words and metrics show of the quorum.
public struct QuorumStatus: Equatable, Sendable {
    /// The phase in the words of Apache ZooKeeper's `mntr`.
    public enum Phase: String, Sendable {
        case election, discovery, synchronization, broadcast
    }

    /// What the server is to clients.
    public var role: QuorumRole
    /// How far it has come in becoming that.
    public var phase: Phase
    /// The leader this server leads, follows or is joining.
    public var leader: ServerID?
    /// Of a learner: who brings it up to date, the leader or a follower in its place.
    public var master: ServerID?
    /// The highest epoch promised.
    public var acceptedEpoch: Epoch
    /// The epoch whose leader's history this server holds.
    public var currentEpoch: Epoch
    /// The last transaction that was appended to the log.
    public var lastLogged: Zxid
    /// The last transaction that was delivered.
    public var lastCommitted: Zxid
    /// Of a leader: voters that have its history.
    public var syncedFollowers: Int
    /// Of a leader: followers outside of the membership that have its history.
    public var syncedNonVotingFollowers: Int
    /// Of a leader, or a follower in its place: observers that have its history.
    public var syncedObservers: Int
    /// Of a leader: connected learners that are not synchronized yet.
    public var pendingLearners: Int
    /// Of a leader: proposals not committed yet.
    public var outstandingProposals: Int
    /// Of a leader: forwarded syncs that wait for a proposal to commit.
    public var pendingSyncs = 0
}
