import Configuration
import DequeModule
import Jute
package import Quorum
public import Records
import Storage
import Tree

/// One ZooKeeper server, without sockets, threads and clocks: all that a server decides.
///
/// It composes the quorum peer (which transactions are committed), the tree (what they do), the
/// sessions and the connections of clients. The driver feeds it bytes and time, and then takes
/// `drainOutput` and `takeEffects`. It is confined to one event loop. The simulator drives the
/// very same code.
///
/// A write goes: connection -> preparation (leader or standalone) or forwarding (learner) ->
/// proposal -> log -> commit -> tree -> reply. The reply finds its request by the zxid where that was
/// given out, and on a learner by the session and the xid in the transaction.
public final class Replica {
    let settings: ReplicaSettings
    let disk: any ReplicaDisk
    let access: AccessControl
    let seed: UInt64
    var now: Moment
    private(set) var effects: [ReplicaEffect] = []

    // The database.
    let tree: DataTree
    /// Up to here the tree may be ahead of what was applied: its snapshot caught some of what came
    /// while it was written, and the log has lost that since, or the leader sends it next.
    var treeIsAheadThrough = Zxid.zero
    var watches = WatchTable()
    /// Every global session and its timeout, as committed.
    var sessionTimeouts: [SessionID: Int32] = [:]

    // What this server is.
    var role = ReplicaRole.looking
    /// Who belongs to the ensemble; empty on a standalone server.
    var membership: Membership
    /// At the start: a newer one that was proposed.
    var lastSeenMembership: Membership?
    var peer: QuorumPeer?
    /// The last zxid given out, where zxids are given out without a quorum.
    var lastProposed = Zxid.zero
    var startedAt: Int64
    /// Since when the role is what it is, monotonic milliseconds.
    var roleSince: Int64

    // Writes on their way.
    var preparation: Preparation
    /// Proposed by this server and not committed: spares decoding what it encoded itself.
    var proposed = Deque<Transaction>()
    /// Standalone: appended and not yet handed to the disk.
    var batch: [LogEntry] = []
    /// Standalone: handed to the disk or in `batch`, and not durable.
    var undurable = Deque<Transaction>()
    /// Learner: the syncs that the leader has not answered, in the order of asking; of clients, and
    /// those that this server asks for itself.
    var syncs = Deque<(connection: ConnectionID, isOurs: Bool)>()
    /// Learner: the writes of a session that a connection has forwarded which is gone.
    var unclaimed: [SessionID: Deque<Xid>] = [:]
    /// Learner: sessions the leader is asked about, and the connections that want them.
    var revalidating: [SessionID: ConnectionID] = [:]
    /// Primary: who waits for the end of a session to be committed.
    var endWaiters: [SessionID: EndWaiters] = [:]

    // Sessions and connections.
    var tracker: SessionTracker
    /// Of those that this server alone knows.
    var localSessions: SessionTracker
    var sessionIDs: SessionIDGenerator
    var connections: [ConnectionID: Connection] = [:]
    var connectionBySession: [SessionID: Connection] = [:]
    var connectionsByAddress: [[UInt8]: Int] = [:]
    var dirty: [Connection] = []
    /// Bytes of answers since the driver took any, over all connections.
    var undrainedBytes = 0
    /// Requests of clients not answered yet, over all connections.
    var outstandingCount = 0
    /// While more than this many wait, connections that wait are not read from.
    var outstandingMax: Int
    /// Bytes of those among them that are large.
    var largeRequestBytes: Int64 = 0
    /// Bytes of the frame that is being handled.
    var frameSize = 0
    /// Connections that are not read from until others have been answered, in their order.
    var throttled = Deque<ConnectionID>()
    var handshakes: HandshakeThrottle
    var silent: SilentConnections
    /// Whether readers are served without a quorum, and when they will be.
    var isReadOnly = false
    var readOnlyAt: Int64?
    /// While clients wait for a leader: until when they do at most.
    var waitingUntil: Int64?

    var snapshots: SnapshotProgress
    var reaper: Reaper
    var nonces: NonceGenerator
    var statistics = ServerStatistics()
    /// Counted and measured for monitors; the driver adds what it sees.
    public let metrics = Metrics()
    var stopwatch = RoleStopwatch()
    /// The tree's digest at every 128th zxid, the newest last, for comparison between servers.
    var digestLog = Deque<DigestLogEntry>()
    /// The newest snapshot on disk, and when it was made, in seconds after 1970.
    var lastSnapshot: (zxid: Zxid, seconds: Int64)?
    /// What traces would be written; there are none, but tools set it and read it back.
    var traceMask: Int64 = 306
    /// Where learners have come from.
    var linkAddresses: [LinkID: String] = [:]

    /// A server that has read nothing yet; `start` does.
    ///
    /// `seed`: for all that is left to chance: hashes, snapshot times, election delays.
    public init(
        settings: ReplicaSettings, disk: any ReplicaDisk, seed: UInt64, now: Moment
    ) {
        self.settings = settings
        self.membership = settings.membership
        self.lastSeenMembership = settings.lastSeenMembership
        self.seed = seed
        self.disk = disk
        self.now = now
        self.startedAt = now.monotonicMilliseconds
        self.roleSince = now.monotonicMilliseconds
        let access = AccessControl(settings.access)
        self.access = access
        self.outstandingMax = Replica.outstandingMax(settings, settings.membership)
        self.handshakes = HandshakeThrottle(settings.limits, now: now.monotonicMilliseconds)
        self.silent = SilentConnections(interval: settings.limits.sessionlessTimeout)
        self.nonces = NonceGenerator(seed: seed)
        self.tree = DataTree(seed: seed)
        // Made whole before it is stored: the optimizer of Swift 6.3 fails where it is changed here.
        var preparation = Preparation(
            access: access, extendedTypesEnabled: settings.extendedTypesEnabled,
            reconfigEnabled: settings.reconfigEnabled)
        preparation.enforcesQuotas = settings.enforcesQuotas
        preparation.severalAddressesEnabled = settings.quorum?.greetsWithAllAddresses ?? false
        preparation.bodySizeMax = settings.bodySizeMax
        self.preparation = preparation
        self.tracker = SessionTracker(
            tickMilliseconds: Int64(settings.tickTimeMilliseconds))
        self.localSessions = SessionTracker(
            tickMilliseconds: Int64(settings.tickTimeMilliseconds))
        self.sessionIDs = SessionIDGenerator(
            server: settings.quorum == nil ? ServerID(1) : settings.server,
            milliseconds: now.wallMilliseconds)
        self.snapshots = SnapshotProgress(settings: settings, seed: seed)
        self.reaper = Reaper(
            Reaper.Settings(
                interval: max(1, settings.reapingIntervalMilliseconds),
                perMinuteMax: max(1, settings.reapedPerMinuteMax),
                neverUsedInterval: settings.containerNeverUsedMilliseconds))
    }

    // MARK: What the driver takes

    /// Gives every connection's output to `body`, once each, and forgets it.
    public func drainOutput(_ body: (ConnectionID, RawSpan) -> Void) {
        for connection in dirty {
            connection.isDirty = false
            guard !connection.output.isEmpty else { continue }
            if connection.session != .none {
                metrics.add(.responseBytes, connection.output.bytes.byteCount)
            }
            body(connection.id, connection.output.bytes)
            // One large answer must not cost its memory for the rest of the connection's life.
            connection.output.removeAll(keepingAtMost: Connection.outputKept)
        }
        dirty.removeAll(keepingCapacity: true)
        undrainedBytes = 0
    }

    /// The effects since the last call, in the order in which they are to be performed.
    public func takeEffects() -> [ReplicaEffect] {
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    /// Whether there are effects to take.
    public var hasEffects: Bool { !effects.isEmpty || !dirty.isEmpty }

    func emit(_ effect: ReplicaEffect) { effects.append(effect) }

    func log(_ level: LogLevel, _ message: String) { effects.append(.log(level, message)) }

    /// Ends the process: nothing that follows would be safe.
    func fail(_ code: Int32, _ reason: String) {
        role = .failed
        emit(.fatal(code: code, reason: reason))
    }

    func failed(_ error: StorageError) {
        fail(StorageError.exitCode, String(describing: error))
    }

    func markDirty(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    /// What a look from outside shows, as `srvr` and `mntr` do.
    package var shown: (role: ReplicaRole, lastZxid: Zxid, status: QuorumStatus?) {
        (role, lastZxid, peer?.status)
    }

    /// The last transaction applied.
    var lastZxid: Zxid { tree.lastProcessed }

    /// Whether clients are served.
    package var isServing: Bool {
        switch role {
        case .standalone: true
        case .leading: settings.leaderServes
        case .following, .observing: true
        case .looking: isReadOnly
        case .failed: false
        }
    }

    /// Whether there is a database to speak of; a leader that turns clients away has one, too.
    var hasService: Bool {
        if case .leading = role { return true }
        return isServing
    }

    /// Whether zxids are given out here and sessions expire here.
    var isPrimary: Bool {
        switch role {
        case .standalone, .leading: true
        case .looking, .following, .observing, .failed: false
        }
    }
}

/// What a replica is at the moment.
public enum ReplicaRole: Equatable, Sendable {
    /// Alone by its configuration.
    case standalone
    /// Without a leader.
    case looking
    case leading(Epoch)
    case following(ServerID)
    case observing(ServerID)
    /// The disk failed, or something that cannot be: it serves nobody.
    case failed
}

extension Zxid {
    /// Later than every transaction.
    static let endless = Zxid(.max)
}
