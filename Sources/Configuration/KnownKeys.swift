import Records

/// The keys of zoo.cfg that mean something, for warnings about those that do not.
///
/// Apache ZooKeeper accepts any key: an unknown one becomes a property of the process, and a slip
/// of the hand is never noticed.
public enum KnownKeys {
    /// Keys that this server reads.
    static let read: Set<String> = [
        "dataDir", "dataLogDir", "clientPort", "clientPortAddress", "clientPortListenBacklog",
        "tickTime", "initLimit", "syncLimit", "maxClientCnxns", "maxCnxns", "minSessionTimeout",
        "maxSessionTimeout", "electionAlg", "quorumListenOnAllIPs", "peerType",
        "dynamicConfigFile", "autopurge.snapRetainCount", "autopurge.purgeInterval",
        "standaloneEnabled", "reconfigEnabled", "4lw.commands.whitelist", "skipACL",
        "extendedTypesEnabled", "snapCount", "snapSizeLimitInKb", "preAllocSize", "forceSync",
        "jute.maxbuffer", "leaderServes", "globalOutstandingLimit", "digest.enabled",
        "DigestAuthenticationProvider.superDigest", "DigestAuthenticationProvider.enabled",
        "DigestAuthenticationProvider.digestAlg", "enforce.auth.enabled", "enforce.auth.schemes",
        "sessionRequireClientSASLAuth", "allowSaslFailedClients", "superUser", "ensembleAuthName",
        "sasl.serverconfig", "java.security.auth.login.config",
        "SASLAuthenticationProvider.superPassword", "cnxTimeout", "electionPortBindRetry",
        "snapshot.trust.empty", "db.autocreate", "datadir.autocreate", "commitLogCount",
        "fsync.warningthresholdms", "txnLogSizeLimitInKb", "syncEnabled",
        "snapshotSizeFactor", "enforceQuota", "znode.container.checkIntervalMs",
        "znode.container.maxPerMinute",
        "znode.container.maxNeverUsedIntervalMs", "aviary.ensemble",
        "admin.enableServer", "admin.serverPort", "admin.serverAddress", "admin.commandURL",
        "admin.idleTimeout", "admin.snapshot.enabled", "admin.restore.enabled",
        "admin.rateLimiterIntervalInMS", "metricsProvider.className", "metricsProvider.httpHost",
        "metricsProvider.httpPort", "metricsProvider.exportJvmInfo",
        "IPAuthenticationProvider.usexforwardedfor",
    ]

    /// Keys of Apache ZooKeeper that change nothing here, for now or for good.
    static let accepted: Set<String> = [
        "secureClientPort", "secureClientPortAddress", "connectToLearnerMasterLimit",
        "observerMasterPort", "localSessionsEnabled", "localSessionsUpgradingEnabled",
        "sslQuorum", "portUnification", "sslQuorumReloadCertFiles", "multiAddress.enabled",
        "multiAddress.reachabilityCheckEnabled", "multiAddress.reachabilityCheckTimeoutMs",
        "oraclePath", "admin.portUnification", "admin.forceHttps",
        "admin.needClientAuth", "admin.httpVersion", "audit.enable",
        "serverCnxnFactory", "fips-mode", "readonlymode.enabled",
        "flushDelay",
        "maxWriteQueuePollTime", "maxBatchSize", "snapshot.compression.method",
        "serializeLastProcessedZxid.enabled", "jute.maxbuffer.extrasize",
        "closeSessionTxn.enabled", "forceSnapshotSync", "emulate353TTLNodes",
        "largeRequestMaxBytes", "largeRequestThreshold", "request_throttle_max_requests",
        "nio.sessionlessCnxnTimeout", "clientTcpKeepAlive", "enableEagerACLCheck",
        "maxResponseCacheSize", "maxGetChildrenResponseCacheSize", "tcpKeepAlive",
        "quorumCnxnTimeoutMs", "fastleader.minNotificationInterval",
        "fastleader.maxNotificationInterval", "leader.maxTimeToWaitForEpoch",
        "observer.reconnectDelayMs", "observer.election.DelayMs",
        "leaderConnectDelayDuringRetryMs", "leader.nodelay", "follower.nodelay",
        "watchManagerName", "client.portUnification", "client.certReload",
    ]

    /// Beginnings of keys that come in families.
    static let families = [
        "server.", "group.", "weight.", "ssl.", "quorum.", "metricsProvider.", "authProvider.",
        "jvm.pause.", "commitProcessor.", "netty.", "nio.", "sasl.", "kerberos.", "superUser",
        "X509AuthenticationProvider.", "SASLAuthenticationProvider.", "pathStats.",
        "messageTracker.", "connection_throttle_", "request_", "learner.", "leader.",
        "IPAuthenticationProvider.", "zookeeper.",
    ]

    /// Whether the key means something to some ZooKeeper server.
    public static func isKnown(_ key: String) -> Bool {
        read.contains(key) || accepted.contains(key)
            || families.contains { key.hasPrefix($0) }
    }

    /// Keys that Apache ZooKeeper reads itself; every other becomes a property of its process.
    private static let core: Set<String> = [
        "dataDir", "dataLogDir", "clientPort", "clientPortAddress", "secureClientPort",
        "secureClientPortAddress", "clientPortListenBacklog", "tickTime", "maxClientCnxns",
        "minSessionTimeout", "maxSessionTimeout", "initLimit", "syncLimit",
        "connectToLearnerMasterLimit", "electionAlg", "quorumListenOnAllIPs", "peerType",
        "syncEnabled", "dynamicConfigFile", "autopurge.snapRetainCount",
        "autopurge.purgeInterval", "standaloneEnabled", "reconfigEnabled", "sslQuorum",
        "portUnification", "sslQuorumReloadCertFiles", "localSessionsEnabled",
        "localSessionsUpgradingEnabled", "observerMasterPort", "oraclePath",
    ]

    /// Whether Apache ZooKeeper makes a property of its process of the key.
    public static func isPassedOn(_ key: String) -> Bool {
        !core.contains(key)
            && !["quorum.", "metricsProvider.", "multiAddress.", "jvm.pause."]
                .contains { key.hasPrefix($0) }
    }

    /// Whether the key is one of Apache ZooKeeper's that this server does not act upon.
    static func isWithoutEffect(_ key: String) -> Bool {
        !read.contains(key) && isKnown(key) && !Membership.isKey(key)
    }

    /// The known key that was probably meant.
    public static func nearest(to key: String) -> String? {
        NearestWord.of(key, in: read.union(accepted))
    }
}
