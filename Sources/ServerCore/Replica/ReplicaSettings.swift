public import Configuration
public import Quorum
public import Records

/// What a replica is told about itself when it is made.
public struct ReplicaSettings: Sendable {
    /// The server's id; 0 on a standalone server.
    public var server: ServerID
    /// Nil on a standalone server.
    public var quorum: QuorumSettings?
    /// The members it starts from; empty on a standalone server.
    public var membership: Membership
    /// The tick time milliseconds.
    public var tickTimeMilliseconds: Int32 = 3000
    /// -1: twice the tick time.
    public var sessionTimeoutMillisecondsMin: Int32 = -1
    /// -1: twenty times the tick time.
    public var sessionTimeoutMillisecondsMax: Int32 = -1
    /// The longest request, in bytes (`jute.maxbuffer`).
    public var requestSizeMax: Int = 0xfffff
    /// The largest packet that goes between servers, in bytes (`jute.maxbuffer.extrasize` more);
    /// nil is twice a request.
    public var packetSizeMax: Int?
    /// Connections from one address; 0 is any number.
    public var connectionsPerAddressMax: Int = 60
    /// Connections in all; 0 is any number.
    public var connectionsMax: Int = 0
    /// While more requests than this wait, connections that wait are not read from.
    public var outstandingRequestsMax: Int = 1000
    /// Whether extended types enabled applies.
    public var extendedTypesEnabled = false
    /// Whether hard limits of quotas refuse writes (`enforceQuota`).
    public var enforcesQuotas = false
    /// Whether digest enabled applies.
    public var digestEnabled = true
    /// Whether the configuration may be changed while the ensemble runs.
    public var reconfigEnabled = false
    /// Whether a single participant serves without a quorum, and may not be all that is left.
    public var standaloneEnabled = true
    /// A configuration that was proposed when the server ended, if there is one.
    public var lastSeenMembership: Membership?
    /// Whether a leader serves clients (`leaderServes`).
    public var leaderServes = true
    /// Who may do what.
    public var access = AccessSettings()
    /// How much clients may ask for at once.
    public var limits = LimitConfiguration()
    /// Whether new sessions are known to one server alone.
    public var localSessionsEnabled = false
    /// Whether such a session becomes global when it needs to be.
    public var localSessionsUpgradingEnabled = false
    /// Whether a server without a quorum serves readers.
    public var readOnlyModeEnabled = false
    /// How often containers and znodes with a time to live are looked at that nobody uses any more.
    public var reapingIntervalMilliseconds: Int64 = 60_000
    /// How many of those may be deleted in a minute.
    public var reapedPerMinuteMax: Int64 = 10_000
    /// How long a container may wait for its first child; 0 is for ever.
    public var containerNeverUsedMilliseconds: Int64 = 0
    /// Transactions between snapshots, of which each server draws its own half by chance.
    public var snapshotTransactionCount: Int = 100_000
    /// Bytes of log between snapshots; 0 or less is any number.
    public var snapshotLogSizeMax: Int64 = 4_294_967_296
    /// What all connections may be owed together, in bytes, before the driver has had a chance to
    /// take it: beyond this, those that are owed more than enough are closed.
    public var outputMaxOfAll: Int = 256 << 20
    /// Four letter words that are answered; `srvr` always is.
    public var fourLetterWords: FourLetterWords.Whitelist = .standard
    /// A sync of the log that takes longer is said to be slow (`fsync.warningthresholdms`).
    public var slowSyncMilliseconds: Int64 = 1000
    /// Whether every change and whoever asked for it goes to the log (`audit.enable`).
    public var isAudited = false
    /// What `conf` and `envi` print, as the driver found it.
    public var description = ServerDescription()

    /// Makes one of these values.
    public init(server: ServerID, quorum: QuorumSettings?, membership: Membership) {
        self.server = server
        self.quorum = quorum
        self.membership = membership
    }

    /// The most bytes of a transaction's body: what every learner takes, those of Apache ZooKeeper
    /// with the same `jute.maxbuffer` included.
    var bodySizeMax: Int {
        min(packetSizeMax ?? requestSizeMax * 2, Transaction.sizeMax) - Transaction.overhead
    }

    /// The shortest session timeout granted, milliseconds.
    var timeoutMin: Int32 {
        sessionTimeoutMillisecondsMin >= 0
            ? sessionTimeoutMillisecondsMin : tickTimeMilliseconds &* 2
    }

    /// The longest session timeout granted, milliseconds.
    var timeoutMax: Int32 {
        sessionTimeoutMillisecondsMax >= 0
            ? sessionTimeoutMillisecondsMax : tickTimeMilliseconds &* 20
    }
}

/// What the driver knows of its surroundings, for the words that show it.
public struct ServerDescription: Sendable {
    /// As `srvr` shows it: `3.9.5-aviary…, built on …`.
    public var version = ""
    /// The client port.
    public var clientPort: Int32 = -1
    /// The secure client port.
    public var secureClientPort: Int32 = -1
    /// The client port listen backlog.
    public var clientPortListenBacklog: Int32 = -1
    /// Absolute, with `version-2`.
    public var dataDirectory = ""
    /// Absolute, with `version-2`.
    public var logDirectory = ""
    /// What only the process knows, for `mntr`: open descriptors and the like, without `zk_`.
    public var processFigures: @Sendable () -> [(key: String, value: String)] = { [] }
    /// The lines of `envi` after its title, in order.
    public var environment: [(key: String, value: String)] = []
    /// The user that the process belongs to.
    public var user = ""
    /// The text of the configuration file, as it was read.
    public var initialText: String?
    /// The settings in force that are no keys of their own in `configuration`, by their full name.
    public var properties: [(key: String, value: String)] = []

    /// Makes one with nothing set.
    public init() {}
}
