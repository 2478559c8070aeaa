public import Records

/// What a zoo.cfg says, checked and typed.
///
/// Times are milliseconds unless the name says otherwise.
public struct ServerConfiguration: Equatable, Sendable {
    /// The data directory.
    public var dataDirectory = ""
    /// The data directory unless it is set apart.
    public var logDirectory = ""
    /// Nil when neither this file nor the server's own member line sets one.
    public var clientPort: UInt16?
    /// The client port address.
    public var clientPortAddress: String?
    /// The listen backlog.
    public var listenBacklog: Int32 = -1
    /// The tick time.
    public var tickTime: Int32 = 3000
    /// Ticks.
    public var initLimit: Int32 = 10
    /// Ticks.
    public var syncLimit: Int32 = 5
    /// The session timeout min.
    public var sessionTimeoutMin: Int32 = -1
    /// The session timeout max.
    public var sessionTimeoutMax: Int32 = -1
    /// The connections per address max.
    public var connectionsPerAddressMax = 60
    /// The connections max.
    public var connectionsMax = 0
    /// The outstanding requests max.
    public var outstandingRequestsMax = 1000
    /// Bytes.
    public var requestSizeMax = 0xfffff
    /// Bytes by which a transaction may be larger than a request; nil is as many again.
    public var requestSizeExtra: Int?
    /// Whether standalone enabled applies.
    public var standaloneEnabled = true
    /// Whether reconfig enabled applies.
    public var reconfigEnabled = false
    /// Whether quorum listen on all addresses applies.
    public var quorumListenOnAllAddresses = false
    /// Whether servers may have several addresses.
    public var severalAddressesEnabled = false
    /// The name that tells this ensemble from all others.
    public var ensemble: String?
    /// The dynamic config file.
    public var dynamicConfigFile: String?
    /// Whether observer applies.
    public var isObserver: Bool?
    /// Where followers serve observers in the leader's place; nil is nowhere.
    public var observerMasterPort: UInt16?
    /// Milliseconds that an observer rests when nobody has let it in.
    public var observerReconnectDelay: Int64 = 0
    /// What holds back elections and learners; nil is this server's own choice.
    public var quorumLimits = QuorumLimits()
    /// Whether an observer has a log and snapshots on disk.
    public var observersKeepLog = true
    /// Snapshots kept by the purge, at least 3.
    public var purgeRetainCount = 3
    /// Hours; 0 is never.
    public var purgeIntervalHours = 0
    /// The four letter words.
    public var fourLetterWords: String?
    /// Who may do what.
    public var access = AccessConfiguration()
    /// How much clients may ask for at once.
    public var limits = LimitConfiguration()
    /// Whether new sessions are known to one server alone.
    public var localSessionsEnabled = false
    /// Whether such a session becomes global when it needs to be.
    public var localSessionsUpgradingEnabled = false
    /// Whether a server without a quorum serves readers.
    public var readOnlyModeEnabled = false
    /// Whether extended types enabled applies.
    public var extendedTypesEnabled = false
    /// How often containers and znodes with a time to live are looked at.
    public var reapingInterval: Int64 = 60_000
    /// How many of those that nobody uses any more are deleted in a minute.
    public var reapedPerMinuteMax: Int64 = 10_000
    /// How long a container may wait for its first child; 0 is for ever.
    public var containerNeverUsedInterval: Int64 = 0
    /// Whether hard limits of quotas refuse writes.
    public var enforcesQuotas = false
    /// Whether digest enabled applies.
    public var digestEnabled = true
    /// Whether leader serves applies.
    public var leaderServes = true
    /// The snapshot transaction count.
    public var snapshotTransactionCount = 100_000
    /// Bytes; 0 or less is any number.
    public var snapshotLogSizeMax: Int64 = 4_194_304 << 10
    /// Bytes.
    public var preallocationSize = 65536 << 10
    /// Bytes; 0 or less is any number.
    public var logFileSizeMax: Int64 = -1
    /// How snapshots are compressed, `gz` or `snappy`; nil is not at all.
    public var snapshotCompression: String?
    /// Whether force sync applies.
    public var forceSync = true
    /// The connect timeout.
    public var connectTimeout: Int32 = 5000
    /// Whether trusts empty snapshot applies.
    public var trustsEmptySnapshot = false
    /// Whether creates database applies.
    public var createsDatabase = true
    /// Whether creates directories applies.
    public var createsDirectories = true
    /// The committed log count max.
    public var committedLogCountMax = 500
    /// How large a stretch of log may be, compared with a snapshot, to be sent in its place; 0 is any
    /// size, below 0 is none.
    public var snapshotSizeFactor = 0.33
    /// A sync of the log that takes longer is said to be slow.
    public var slowSyncMilliseconds: Int64 = 1000
    /// The port that takes TLS alone.
    public var secureClientPort: UInt16?
    /// Where that listens; nil is every address.
    public var secureClientPortAddress: String?
    /// Whether the client port takes both plain connections and TLS.
    public var isClientPortUnified = false
    /// TLS for clients.
    public var tls = TLSSettings()
    /// Whether servers talk to each other through TLS.
    public var usesQuorumTLS = false
    /// Whether servers' ports take both plain connections and TLS.
    public var isQuorumPortUnified = false
    /// TLS between servers.
    public var quorumTLS = TLSSettings()
    /// How servers prove to each other that they belong together.
    public var quorumLogin = QuorumLogin()
    /// How many TLS handshakes of clients may be under way; 0 or less is any number.
    public var handshakesMax = -1
    /// Whether a server that does not serve turns clients of TLS away before the handshake.
    public var dropsHandshakesEarly = false
    /// Whether every change and whoever asked for it goes to the log.
    public var isAudited = false
    /// What is served over HTTP to administrators.
    public var admin = AdminConfiguration()
    /// What is served over HTTP to Prometheus.
    public var metrics = MetricsConfiguration()
    /// The servers that the file itself lists; their version is 0.
    public var membership = Membership(version: 0, members: [])
    /// Everything, in the order of the file, for the rewriting of it.
    public var entries: [PropertiesFile.Entry] = []

    /// Makes one with nothing set.
    public init() {}
}

/// Keys that bound how servers find and follow each other; nil where the file says nothing.
public struct QuorumLimits: Equatable, Sendable {
    /// Ticks that a leader is waited for that cannot be reached (`connectToLearnerMasterLimit`).
    public var leaderTicks: Int64?
    /// Milliseconds (`leader.maxTimeToWaitForEpoch`).
    public var epochPatience: Int64?
    /// Milliseconds (`fastleader.minNotificationInterval`).
    public var resendDelayMin: Int64?
    /// Milliseconds (`fastleader.maxNotificationInterval`).
    public var resendDelayMax: Int64?
    /// Milliseconds (`quorumCnxnTimeoutMs`).
    public var greetingTimeout: Int64?
    /// Observers (`leader.maxConcurrentSnapSyncs`).
    public var snapshotSynchronizationsMax: Int64?
    /// Observers (`leader.maxConcurrentDiffSyncs`).
    public var differenceSynchronizationsMax: Int64?
    /// Whether the last packets of a link are told when it ends (`messageTracker.Enabled`).
    public var tracksPackets = false
    /// How many, of each direction (`messageTracker.BufferSize`).
    public var trackedPacketsMax = 10
    /// Whether an address is given up early while its server has others
    /// (`multiAddress.reachabilityCheckEnabled`).
    public var checksReachability = true
    /// When, in milliseconds (`multiAddress.reachabilityCheckTimeoutMs`).
    public var reachabilityPatience: Int64 = 1000
    /// For tests (`forceSnapshotSync`).
    public var sendsSnapshotsOnly = false

    /// Makes one with nothing set.
    public init() {}
}

extension ServerConfiguration {
    /// What a transaction, and a packet between servers, may be: what a request may be, and what
    /// servers add to it.
    public var packetSizeMax: Int {
        // Apache ZooKeeper once had 1024 for good, and takes no less.
        requestSizeMax + max(requestSizeExtra ?? requestSizeMax, 1024)
    }

    /// Whether the server runs alone: it lists no other participant.
    public var isStandalone: Bool {
        membership.voters.isEmpty && membership.members.isEmpty
            || (membership.voters.count == 1 && membership.members.count == 1 && standaloneEnabled)
    }

    /// Parses a zoo.cfg.
    ///
    /// Everything that is wrong or doubtful is in the second part of the result; with an error
    /// among it the first part is not to be used.
    ///
    /// Options of the environment count where the file does not say otherwise; that no directory is
    /// to be made counts whatever it says.
    public static func parse(
        _ text: String, file: String, environment: ServerEnvironment = ServerEnvironment()
    ) -> (configuration: ServerConfiguration, problems: [ConfigurationProblem]) {
        let options = JavaOptions.read(environment.javaFlags)
        var parser = ServerConfigurationParser(
            PropertiesFile(text), file: file, options: options.settings)
        parser.run()
        if environment.forbidsNewDirectories { parser.configuration.createsDirectories = false }
        return (parser.configuration, parser.problems + environment.notes(options))
    }

    /// Checks what depends on the members, once they are all known.
    public func checkMembers(file: String) -> [ConfigurationProblem] {
        func problem(_ message: String) -> [ConfigurationProblem] {
            [ConfigurationProblem(.error, message, file: file, line: nil)]
        }
        let voters = membership.voters.count
        let observers = membership.observers.count
        if membership.members.isEmpty {
            return standaloneEnabled
                ? [] : problem("standaloneEnabled=false needs at least one server.N line")
        }
        if voters == 0 { return problem("there are observers, but no participant to follow") }
        if voters == 1, standaloneEnabled, observers > 0 {
            return problem(
                "an observer cannot follow a standalone server; set standaloneEnabled=false")
        }
        // With groups and weights it is not their number that counts.
        guard voters % 2 == 0, !membership.isHierarchical else { return [] }
        let warning =
            "\(voters) participants survive \((voters - 1) / 2) failure"
            + "\((voters - 1) / 2 == 1 ? "" : "s"), as \(voters - 1) do"
        return [ConfigurationProblem(.warning, warning, file: file, line: nil)]
    }
}
