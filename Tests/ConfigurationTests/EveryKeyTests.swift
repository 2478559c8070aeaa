// Every key that Apache ZooKeeper 3.9 reads: each has an effect, or a line says that it has none.

import Configuration
import Records
import Testing

private func parse(_ lines: String) -> (ServerConfiguration, [ConfigurationProblem]) {
    let (configuration, problems) = ServerConfiguration.parse(
        "dataDir=/d\n" + lines, file: "zoo.cfg")
    var plain = configuration
    plain.entries = []
    return (plain, problems)
}

/// What is read, each with a value that is not the default.
private let effective = [
    "dataDir=/e", "dataLogDir=/l", "clientPort=1", "tickTime=1", "initLimit=11", "syncLimit=6",
    "minSessionTimeout=1", "maxSessionTimeout=70000", "maxClientCnxns=1", "maxCnxns=1",
    "clientPortListenBacklog=9", "autopurge.snapRetainCount=4", "autopurge.purgeInterval=1",
    "secureClientPort=2", "secureClientPortAddress=h", "clientPort=1\nclientPortAddress=h",
    "connectToLearnerMasterLimit=3", "peerType=observer", "standaloneEnabled=false",
    "reconfigEnabled=true", "dynamicConfigFile=/f", "quorumListenOnAllIPs=true", "leaderServes=no",
    "cnxTimeout=1", "quorumCnxnTimeoutMs=1", "fastleader.minNotificationInterval=1",
    "fastleader.maxNotificationInterval=9", "leader.maxTimeToWaitForEpoch=1",
    "observerMasterPort=3", "observer.reconnectDelayMs=1", "syncEnabled=false",
    "localSessionsEnabled=true", "localSessionsUpgradingEnabled=true",
    "leader.maxConcurrentSnapSyncs=1", "leader.maxConcurrentDiffSyncs=1", "server.1=h:1:2",
    "server.1=h:1:2\ngroup.1=1", "server.1=h:1:2\ngroup.1=1\nweight.1=2", "snapCount=7",
    "snapSizeLimitInKb=1", "txnLogSizeLimitInKb=1", "preAllocSize=1", "commitLogCount=501",
    "snapshotSizeFactor=0.5", "forceSync=no", "fsync.warningthresholdms=1",
    "snapshot.compression.method=gz", "snapshot.trust.empty=true", "digest.enabled=false",
    "datadir.autocreate=false", "db.autocreate=false", "jute.maxbuffer=1",
    "jute.maxbuffer.extrasize=1", "forceSnapshotSync=true", "extendedTypesEnabled=true",
    "znode.container.checkIntervalMs=1", "znode.container.maxPerMinute=1",
    "znode.container.maxNeverUsedIntervalMs=1", "enforceQuota=true", "globalOutstandingLimit=1",
    "largeRequestMaxBytes=1", "largeRequestThreshold=1", "request_throttle_max_requests=1",
    "throttled_op_wait_time=1", "connection_throttle_tokens=1", "connection_throttle_fill_time=2",
    "connection_throttle_fill_count=2", "connection_throttle_weight_enabled=true",
    "connection_throttle_global_session_weight=9", "connection_throttle_local_session_weight=9",
    "connection_throttle_renew_session_weight=9", "nio.sessionlessCnxnTimeout=1",
    "netty.server.outstandingHandshake.limit=1", "DigestAuthenticationProvider.enabled=false",
    "DigestAuthenticationProvider.superDigest=super:x",
    "DigestAuthenticationProvider.digestAlg=MD5",
    "X509AuthenticationProvider.superUser=CN=x", "superUser=a", "superUser.1=a",
    "IPAuthenticationProvider.usexforwardedfor=true", "ensembleAuthName=a", "skipACL=yes",
    "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
    "enforce.auth.enabled=true\nenforce.auth.schemes=digest", "allowSaslFailedClients=true",
    "sessionRequireClientSASLAuth=true\nauthProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
    "SASLAuthenticationProvider.superPassword=a", "quorum.auth.enableSasl=true",
    "quorum.auth.enableSasl=true\nquorum.auth.learnerRequireSasl=true",
    "quorum.auth.learner.saslLoginContext=a", "quorum.auth.server.saslLoginContext=a",
    "sasl.serverconfig=a", "java.security.auth.login.config=/a", "sslQuorum=true",
    "portUnification=true", "client.portUnification=true", "sslQuorumReloadCertFiles=false",
    "client.certReload=false", "admin.enableServer=false", "admin.serverAddress=h",
    "admin.serverPort=1", "admin.commandURL=/a", "admin.idleTimeout=1",
    "admin.portUnification=true", "admin.forceHttps=true", "admin.needClientAuth=true",
    "admin.rateLimiterIntervalInMS=1", "admin.snapshot.enabled=false",
    "admin.restore.enabled=false", "metricsProvider.httpHost=h", "metricsProvider.httpPort=1",
    "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
    "metricsProvider.exportJvmInfo=false", "4lw.commands.whitelist=*", "audit.enable=true",
    "readonlymode.enabled=true", "messageTracker.Enabled=true", "messageTracker.BufferSize=3",
    "netty.server.earlyDropSecureConnectionHandshakes=true", "multiAddress.enabled=true",
    "multiAddress.reachabilityCheckEnabled=false", "multiAddress.reachabilityCheckTimeoutMs=9",
    "multiAddress.enabled=true\nserver.1=h:1:2|i:1:2",
]

private let ofTLS = [
    "keyStore.location=/a", "keyStore.password=a", "keyStore.passwordPath=/a", "keyStore.type=PEM",
    "trustStore.location=/a", "trustStore.password=a", "trustStore.passwordPath=/a",
    "trustStore.type=PEM", "protocol=TLSv1.2", "enabledProtocols=TLSv1.2",
    "ciphersuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "clientAuth=none",
    "hostnameVerification=false", "handshakeDetectionTimeoutMillis=1",
]

@Test(
    arguments: effective + ofTLS.flatMap { ["ssl.\($0)", "ssl.quorum.\($0)"] })
func `a key that is read has an effect`(_ lines: String) {
    let (configuration, problems) = parse(lines)
    #expect(problems.isEmpty)
    #expect(configuration != parse("").0)
    // With the prefix that it has as a property of the process, it is the same.
    let prefixed = lines.split(separator: "\n").map { line in
        line.hasPrefix("dataDir") || line.hasPrefix("server.") || line.hasPrefix("group")
            || line.hasPrefix("weight") || line.hasPrefix("dynamic")
            ? String(line) : "zookeeper.\(line)"
    }
    #expect(parse(prefixed.joined(separator: "\n")).0 == configuration)
}

/// What has no effect, by intention.
private let ineffective = [
    "electionPortBindRetry", "tcpKeepAlive", "oraclePath", "observer.election.DelayMs",
    "leaderConnectDelayDuringRetryMs", "leader.nodelay", "follower.nodelay",
    "leader.ackLoggingFrequency", "learner.asyncSending",
    "learner.closeSocketAsync", "leader.closeSocketAsync",
    "forward_learner_requests_to_commit_processor_disabled",
    "follower.skipLearnerRequestToNextProcessor", "observerMaster.sizeLimit",
    "quorum.cnxn.threads.size", "kerberos.canonicalizeHostNames", "flushDelay",
    "maxWriteQueuePollTime", "maxBatchSize", "serializeLastProcessedZxid.enabled",
    "closeSessionTxn.enabled", "emulate353TTLNodes", "request_throttle_stall_time",
    "request_throttle_drop_stale", "request_stale_latency_check", "request_stale_connection_check",
    "request_throttler.shutdownTimeout", "connection_throttle_freeze_time",
    "connection_throttle_drop_increase", "connection_throttle_drop_decrease",
    "connection_throttle_decrease_ratio", "clientTcpKeepAlive",
    "enableEagerACLCheck",
    "maxResponseCacheSize", "maxGetChildrenResponseCacheSize", "nio.numSelectorThreads",
    "nio.numWorkerThreads", "nio.directBufferBytes", "nio.shutdownTimeout",
    "intBufferStartingSizeBytes", "commitProcessor.numWorkerThreads",
    "commitProcessor.maxReadBatchSize", "commitProcessor.maxCommitBatchSize",
    "commitProcessor.shutdownTimeout", "serverCnxnFactory", "netty.advancedFlowControl.enabled",
    "watchManagerName", "watcherCleanThreadsNum", "watcherCleanThreshold",
    "watcherCleanIntervalInSeconds", "maxInProcessingDeadWatchers", "bitHashCacheSize",
    "jvm.pause.monitor", "jvm.pause.warn-threshold.ms", "jvm.pause.info-threshold.ms",
    "jvm.pause.sleep.time.ms", "ssl.authProvider", "letAnySaslUserDoX",
    "quorum.auth.kerberos.servicePrincipal", "kerberos.removeHostFromPrincipal",
    "kerberos.removeRealmFromPrincipal", "kerberos.minReLoginTimeMs", "security.auth_to_local",
    "requireKerberosConfig", "kinit", "fips-mode", "ssl.allowReverseDnsLookup",
    "ssl.quorum.allowReverseDnsLookup", "ssl.context.supplier.class", "ssl.sslProvider",
    "admin.httpVersion", "metricsProvider.numWorkerThreads", "metricsProvider.maxQueueSize",
    "metricsProvider.workerShutdownTimeoutMs", "metricsProvider.httpsPort",
    "metricsProvider.ssl.keyStore.location", "audit.impl.class", "pathStats.enabled",
    "jmx.log4j.disable", "controllerPort",
    "test.allowDiscontinuousProposals", "testingonly.initialZxid", "server.realm",
    "server.principal", "zookeeper.server.realm",
]

@Test(arguments: ineffective)
func `a key without an effect is accepted with a line that says so`(_ key: String) throws {
    let (configuration, problems) = parse("\(key)=1")
    #expect(configuration == parse("").0)
    let problem = try #require(problems.first)
    #expect(problems.count == 1 && problem.severity == .warning)
    #expect(problem.message.contains(key) && problem.message.contains("no effect"))
}

@Test(arguments: ["ssl.crl", "ssl.ocsp", "ssl.quorum.crl", "electionAlg", "zookeeper.ssl.crl"])
func `what would be unsafe to pass over is refused`(_ key: String) {
    #expect(parse("\(key)=\(key == "electionAlg" ? "1" : "true")").1.map(\.severity) == [.error])
}

@Test(arguments: ["ssl.clientHostnameVerification", "ssl.quorum.clientHostnameVerification"])
func `names in certificates of clients are not looked at, which is said`(_ key: String) {
    #expect(parse("\(key)=true").1.map(\.severity) == [.warning])
}

@Test(arguments: ["zookeeper.server.1=h:1:2", "zookeeper.group.1=1"])
func `a member with the prefix of a property is no member, which is said`(_ line: String) {
    let (configuration, problems) = parse(line)
    #expect(configuration.membership.members.isEmpty && problems.map(\.severity) == [.warning])
}

@Test func `a slip of the hand in a member's number is an error, and no unknown key`() {
    #expect(parse("server.1a=h:1:2").1.map(\.severity) == [.error])
    #expect(parse("server.realms=X").1.map(\.severity) == [.error])
}
