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
        "connectToLearnerMasterLimit", "quorumCnxnTimeoutMs", "fastleader.minNotificationInterval",
        "fastleader.maxNotificationInterval", "leader.maxTimeToWaitForEpoch",
        "leader.maxConcurrentSnapSyncs", "leader.maxConcurrentDiffSyncs", "forceSnapshotSync",
        "observerMasterPort", "observer.reconnectDelayMs", "syncEnabled", "observer.syncEnabled",
        "dynamicConfigFile", "autopurge.snapRetainCount", "autopurge.purgeInterval",
        "standaloneEnabled", "reconfigEnabled", "4lw.commands.whitelist", "skipACL",
        "extendedTypesEnabled", "snapCount", "snapSizeLimitInKb", "preAllocSize", "forceSync",
        "jute.maxbuffer", "leaderServes", "globalOutstandingLimit", "digest.enabled",
        "DigestAuthenticationProvider.superDigest", "DigestAuthenticationProvider.enabled",
        "DigestAuthenticationProvider.digestAlg", "enforce.auth.enabled", "enforce.auth.schemes",
        "sessionRequireClientSASLAuth", "allowSaslFailedClients", "superUser", "ensembleAuthName",
        "localSessionsEnabled", "localSessionsUpgradingEnabled", "readonlymode.enabled",
        "largeRequestMaxBytes", "largeRequestThreshold", "request_throttle_max_requests",
        "throttled_op_wait_time", "connection_throttle_tokens", "connection_throttle_fill_time",
        "connection_throttle_fill_count", "connection_throttle_weight_enabled",
        "connection_throttle_global_session_weight", "connection_throttle_renew_session_weight",
        "connection_throttle_local_session_weight", "connectionMaxTokens",
        "connectionTokenFillTime", "connectionTokenFillCount", "requestThrottleLimit",
        "throttledOpWaitTime", "nio.sessionlessCnxnTimeout",
        "sasl.serverconfig", "java.security.auth.login.config",
        "SASLAuthenticationProvider.superPassword", "cnxTimeout",
        "jute.maxbuffer.extrasize", "snapshot.compression.method",
        "snapshot.trust.empty", "db.autocreate", "datadir.autocreate", "commitLogCount",
        "fsync.warningthresholdms", "txnLogSizeLimitInKb",
        "snapshotSizeFactor", "enforceQuota", "znode.container.checkIntervalMs",
        "znode.container.maxPerMinute",
        "znode.container.maxNeverUsedIntervalMs", "aviary.ensemble",
        "admin.enableServer", "admin.serverPort", "admin.serverAddress", "admin.commandURL",
        "admin.idleTimeout", "admin.snapshot.enabled", "admin.restore.enabled",
        "admin.rateLimiterIntervalInMS", "metricsProvider.className", "metricsProvider.httpHost",
        "metricsProvider.httpPort", "metricsProvider.exportJvmInfo",
        "IPAuthenticationProvider.usexforwardedfor", "admin.portUnification", "admin.forceHttps",
        "admin.needClientAuth", "audit.enable", "secureClientPort", "secureClientPortAddress",
        "client.portUnification", "client.certReload", "sslQuorum", "portUnification",
        "sslQuorumReloadCertFiles", "X509AuthenticationProvider.superUser",
        "netty.server.outstandingHandshake.limit", "quorum.auth.enableSasl",
        "quorum.auth.learnerRequireSasl", "quorum.auth.serverRequireSasl",
        "quorum.auth.learner.saslLoginContext", "quorum.auth.server.saslLoginContext",
        "netty.server.earlyDropSecureConnectionHandshakes", "messageTracker.Enabled",
        "messageTracker.BufferSize", "oraclePath", "multiAddress.enabled",
        "multiAddress.reachabilityCheckEnabled", "multiAddress.reachabilityCheckTimeoutMs",
    ]

    /// Keys of Apache ZooKeeper for parts of it that have no counterpart here: a JVM, its pools and
    /// caches, choices that are made for good.
    static let withoutCounterpart: Set<String> = [
        "connectionFreezeTime", "connectionDropIncrease", "connectionDropDecrease",
        "connectionDecreaseRatio", "requestThrottleStallTime", "requestThrottleDropStale",
        "requestStaleLatencyCheck", "requestStaleConnectionCheck",
        "admin.httpVersion", "serverCnxnFactory", "fips-mode",
        "emulate353TTLNodes", "maxResponseCacheSize", "maxGetChildrenResponseCacheSize",
        "leaderConnectDelayDuringRetryMs",
        "watchManagerName", "watcherCleanThreadsNum", "watcherCleanThreshold",
        "watcherCleanIntervalInSeconds", "maxInProcessingDeadWatchers", "bitHashCacheSize",
        "audit.impl.class", "intBufferStartingSizeBytes", "netty.advancedFlowControl.enabled",
        "learner.asyncSending", "learner.closeSocketAsync", "leader.closeSocketAsync",
        "forward_learner_requests_to_commit_processor_disabled",
        "follower.skipLearnerRequestToNextProcessor", "quorum.cnxn.threads.size",
        "ssl.context.supplier.class", "ssl.sslProvider", "ssl.quorum.context.supplier.class",
        "ssl.quorum.sslProvider", "ssl.authProvider", "ssl.allowReverseDnsLookup",
        "ssl.quorum.allowReverseDnsLookup", "enableEagerACLCheck",
        "leader.ackLoggingFrequency", "letAnySaslUserDoX", "jmx.log4j.disable",
        "metricsProvider.numWorkerThreads", "metricsProvider.maxQueueSize",
        "metricsProvider.workerShutdownTimeoutMs", "kinit", "request_throttler.shutdownTimeout",
        "nio.numSelectorThreads", "nio.numWorkerThreads", "nio.directBufferBytes",
        "nio.shutdownTimeout", "observerMaster.sizeLimit", "controllerPort",
        "electionPortBindRetry", "flushDelay", "maxWriteQueuePollTime", "maxBatchSize",
        "observer.election.DelayMs",
        "requireKerberosConfig", "security.auth_to_local", "test.allowDiscontinuousProposals",
        "testingonly.initialZxid", "server.realm", "server.principal",
    ]

    /// Keys of Apache ZooKeeper that turn off what nobody has to.
    static let alwaysOn: Set<String> = [
        "closeSessionTxn.enabled", "leader.nodelay", "follower.nodelay", "clientTcpKeepAlive",
        "tcpKeepAlive", "serializeLastProcessedZxid.enabled",
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
        read.contains(key) || withoutCounterpart.contains(key)
            || alwaysOn.contains(key)
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

    /// Families of which nothing is read.
    private static let familiesWithoutCounterpart = [
        "commitProcessor.", "jvm.pause.", "kerberos.", "jmx.", "quorum.auth.kerberos.",
        "connection_throttle_", "request_", "pathStats.",
    ]

    /// Why a known key has no effect; nil if nobody knows it.
    ///
    /// It is asked about what no reader took: some families have keys of both kinds.
    static func reasonForNoEffect(_ key: String) -> String? {
        if withoutCounterpart.contains(key)
            || familiesWithoutCounterpart.contains(where: { key.hasPrefix($0) })
        {
            return "have no counterpart here and no effect"
        }
        if alwaysOn.contains(key) { return "are always on here and have no effect" }
        if !read.contains(key), families.contains(where: { key.hasPrefix($0) }) {
            return "are not known here and have no effect"
        }
        return nil
    }

    /// The known key that was probably meant.
    public static func nearest(to key: String) -> String? {
        NearestWord.of(key, in: read.union(withoutCounterpart).union(alwaysOn))
    }
}
