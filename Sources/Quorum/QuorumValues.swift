// What goes into a quorum peer when it is made: its settings, and what the disk remembers.

public import Jute
public import Records

/// A transaction as the quorum sees it: its place in history, and bytes it does not look into.
public struct Proposal: Equatable, Sendable {
    /// The place in history.
    public var zxid: Zxid
    /// The log entry: header, body and digest.
    public var bytes: [UInt8]

    /// A proposal of `bytes` at `zxid`.
    public init(zxid: Zxid, bytes: [UInt8]) {
        self.zxid = zxid
        self.bytes = bytes
    }
}

/// Whether the bytes of a proposal are what the state machine calls a transaction of that zxid.
public typealias ProposalCheck = @Sendable (Proposal) -> Bool

/// What zoo.cfg says about the quorum; times in milliseconds, limits in ticks.
public struct QuorumSettings: Equatable, Sendable {
    /// This server.
    public var myID: ServerID
    /// Milliseconds in a tick.
    public var tickTime: Int64
    /// Ticks that discovery and synchronization may take.
    public var initLimit: Int64
    /// Ticks of silence or lag after which a learner or a leader is given up.
    public var syncLimit: Int64
    /// Milliseconds until a dial to the election or quorum port counts as failed.
    public var connectTimeout: Int64
    /// Whether the membership may change; when not, everything about configurations is inert.
    public var reconfigEnabled: Bool
    /// The largest packet body that a peer may send (`jute.maxbuffer` and its extra).
    public var packetSizeMax: Int
    /// The largest snapshot stream that a leader may send.
    public var snapshotSizeMax: Int
    /// How many committed proposals are kept for late learners.
    public var committedLogCountMax: Int
    /// How many bytes they may take together.
    public var committedLogSizeMax: Int
    /// How large a stretch of the log on disk may be, compared with a snapshot, for a learner that
    /// is too far behind for memory; 0 is any size, below 0 none is read.
    public var snapshotSizeFactor = 0.33
    /// How long a server without data waits for the voters it has not heard yet, before a quorum
    /// of servers without data starts a new history.
    public var bootstrapPatience: Int64
    /// Who belongs to another ensemble is neither heard nor followed; nil if this one has no name.
    public var ensemble: ByteString?
    /// Where followers wait for observers to come to them instead of the leader, and observers find
    /// them; nil where the leader serves all.
    public var observerMasterPort: UInt16?
    /// How long an observer rests, in milliseconds, when nobody has let it in.
    public var observerReconnectDelay: Int64 = 0
    /// Whether this server has a log on disk also as an observer.
    public var observersKeepLog = true
    /// How long, in milliseconds, a leader that dials refuse is waited for.
    public var leaderPatience: Int64 = 1000
    /// A leader that still waits for its epoch after so many milliseconds gives up when a voter
    /// looks again; nil: only the init limit ends that.
    public var epochPatience: Int64?
    /// Milliseconds until a vote is repeated, at first and at most.
    public var resendDelay: ClosedRange<Int64> = 100...1600
    /// How long who dials the election port may take to greet, in milliseconds.
    public var greetingTimeout: Int64?
    /// How many observers may be brought up to date by snapshots at a time.
    public var snapshotSynchronizationsMax = 10
    /// How many observers may be brought up to date by differences at a time.
    public var differenceSynchronizationsMax = 100
    /// Whether every learner gets a snapshot, for tests.
    public var sendsSnapshotsOnly = false
    /// Whether elections are greeted with all addresses of this server (`multiAddress.enabled`);
    /// servers before 3.6 do not know such greetings.
    public var greetsWithAllAddresses = false
    /// How many milliseconds one of several addresses of a server is waited for before the next is
    /// dialed; nil is as long as a server's only address.
    public var addressPatience: Int64? = 1000
    /// How many packets of each direction of a link are told when it ends; 0 is none.
    public var trackedPacketsMax = 0
    /// Whether this server may be among those that begin a new history: not if it may have lost one.
    public var mayBegin = true

    /// The settings of server `myID`, everything else as Apache ZooKeeper has it.
    public init(
        myID: ServerID, tickTime: Int64 = 2000, initLimit: Int64 = 10, syncLimit: Int64 = 5,
        connectTimeout: Int64 = 5000, reconfigEnabled: Bool = false,
        packetSizeMax: Int = 2_097_150, snapshotSizeMax: Int = 1 << 40,
        committedLogCountMax: Int = 500, committedLogSizeMax: Int = 64 << 20,
        bootstrapPatience: Int64 = 2000
    ) {
        self.myID = myID
        self.tickTime = tickTime
        self.initLimit = initLimit
        self.syncLimit = syncLimit
        self.connectTimeout = connectTimeout
        self.reconfigEnabled = reconfigEnabled
        self.packetSizeMax = packetSizeMax
        self.snapshotSizeMax = snapshotSizeMax
        self.committedLogCountMax = committedLogCountMax
        self.committedLogSizeMax = committedLogSizeMax
        self.bootstrapPatience = bootstrapPatience
    }
}

/// What the disk holds when a peer starts, or after its database was read again.
public struct QuorumHistory: Equatable, Sendable {
    /// The last transaction in the log or the snapshot, all of them applied to the tree.
    ///
    /// `Zxid.none` in a data directory in which nothing was ever written: such a server does not
    /// vote until it has synchronized or sees that the whole ensemble is new.
    public var lastLogged: Zxid
    /// The newest transactions, without gaps, the last of them at `lastLogged`; may be empty.
    public var committedLog: [Proposal]
    /// The last transaction of which the tree may hold something; all up to there were committed.
    ///
    /// It may be later than `lastLogged`: a snapshot holds some of what came while it was written, and
    /// the log may have lost that since.
    public var aheadThrough: Zxid
    /// The highest epoch promised to a leader.
    public var acceptedEpoch: Epoch
    /// The epoch of the last leader whose history was taken over.
    public var currentEpoch: Epoch

    /// What a disk holds.
    public init(
        lastLogged: Zxid, committedLog: [Proposal] = [], aheadThrough: Zxid = .zero,
        acceptedEpoch: Epoch, currentEpoch: Epoch
    ) {
        self.lastLogged = lastLogged
        self.committedLog = committedLog
        self.aheadThrough = aheadThrough
        self.acceptedEpoch = acceptedEpoch
        self.currentEpoch = currentEpoch
    }

    /// The history of a data directory in which nothing was ever written.
    public static let fresh = QuorumHistory(
        lastLogged: .none, acceptedEpoch: .zero, currentEpoch: .zero)
}
