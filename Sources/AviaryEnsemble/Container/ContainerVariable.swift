// The names of the environment that are read: those of the official image exactly, and those of
// the images people come from.

/// One name of the environment.
struct ContainerVariable {
    /// What a value means.
    enum Meaning: Equatable {
        /// The value of a key of zoo.cfg.
        case key(String)
        /// The same for yes and no in any of their spellings.
        case flag(String)
        /// This server's id.
        case identity
        /// The servers, in the official form or Bitnami's.
        case servers
        /// The servers, numbered by their place.
        case numberedServers
        /// `group.N` or `weight.N`, numbered by their place.
        case numbered(String)
        /// Any lines, one a word.
        case lines
        /// Options for a Java machine; those that set a property are keys.
        case javaOptions
        /// Whether clients are served by TLS, at a port that another name has.
        case clientTLS
        /// Whether metrics are served.
        case metrics
        /// A place or a file, which the planner reads.
        case place
        /// The lowest level that is logged, perhaps with an appender behind it.
        case logLevel
        /// The form of the log's lines: json, or text for people.
        case logFormat
        /// Read by other verbs, or good in every case.
        case accepted
        /// Nothing here depends on it; the text says why.
        case withoutEffect(String)
        /// A protection that this server cannot give: refused if it is on.
        case protection(String)
    }

    var name: String
    var meaning: Meaning

    /// All fixed names, in the order in which they are applied.
    static let all: [ContainerVariable] = (own + official + bitnami + confluent + older).map {
        ContainerVariable(name: $0.0, meaning: $0.1)
    }

    /// By name.
    static let byName: [String: ContainerVariable] = Dictionary(
        all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// A property of the process gives way to the same key in zoo.cfg, so these come first.
    private static let own: [(String, Meaning)] = [
        ("JVMFLAGS", .javaOptions), ("SERVER_JVMFLAGS", .javaOptions), ("KAFKA_OPTS", .javaOptions),
        ("AVIARY_SPEC", .place), ("AVIARY_JOIN", .place), ("AVIARY_HOME", .accepted),
        ("AVIARY_LISTEN_FDS", .accepted),
        ("AVIARY_LOG_FILE", .accepted),
        ("AVIARY_LOG_LEVEL", .logLevel), ("AVIARY_LOG_FORMAT", .logFormat),
    ]

    private static let noJava = "there is no Java machine"
    private static let noLogSetting = "the log goes to standard output"

    static let official: [(String, Meaning)] = [
        ("ZOO_CONF_DIR", .place), ("ZOOCFGDIR", .place), ("ZOOCFG", .place),
        ("ZOO_DATA_DIR", .place), ("ZOO_DATA_LOG_DIR", .place),
        ("ZOO_TICK_TIME", .key("tickTime")), ("ZOO_INIT_LIMIT", .key("initLimit")),
        ("ZOO_SYNC_LIMIT", .key("syncLimit")),
        ("ZOO_AUTOPURGE_SNAPRETAINCOUNT", .key("autopurge.snapRetainCount")),
        ("ZOO_AUTOPURGE_PURGEINTERVAL", .key("autopurge.purgeInterval")),
        ("ZOO_MAX_CLIENT_CNXNS", .key("maxClientCnxns")),
        ("ZOO_STANDALONE_ENABLED", .flag("standaloneEnabled")),
        ("ZOO_ADMINSERVER_ENABLED", .flag("admin.enableServer")),
        ("ZOO_SERVERS", .servers), ("ZOO_MY_ID", .identity),
        ("ZOO_4LW_COMMANDS_WHITELIST", .key("4lw.commands.whitelist")),
        ("CLIENT_JVMFLAGS", .withoutEffect(noJava)),
        ("ZK_SERVER_HEAP", .withoutEffect(noJava)), ("ZK_CLIENT_HEAP", .withoutEffect(noJava)),
        ("ZOO_LOG_DIR", .withoutEffect(noLogSetting)),
        ("ZOO_LOG_FILE", .withoutEffect(noLogSetting)),
        ("ZOO_LOG4J_PROP", .logLevel),
        // The server itself reads it.
        ("ZOO_DATADIR_AUTOCREATE_DISABLE", .accepted),
        ("ZOOPIDFILE", .withoutEffect("the server is the container's first process")),
    ]

    private static let noSASL =
        "users by these names are not there yet (ZOO_CFG_java_security_auth_login_config names a JAAS file)"
    private static let part = "it belongs to a protection that is off"

    private static let bitnami: [(String, Meaning)] = [
        ("ZOO_SERVER_ID", .identity), ("ZOO_PORT_NUMBER", .key("clientPort")),
        ("ZOO_PEER_TYPE", .key("peerType")), ("ZOO_MAX_CNXNS", .key("maxCnxns")),
        ("ZOO_AUTOPURGE_INTERVAL", .key("autopurge.purgeInterval")),
        ("ZOO_AUTOPURGE_RETAIN_COUNT", .key("autopurge.snapRetainCount")),
        ("ZOO_MAX_SESSION_TIMEOUT", .key("maxSessionTimeout")),
        ("ZOO_MIN_SESSION_TIMEOUT", .key("minSessionTimeout")),
        ("ZOO_PRE_ALLOC_SIZE", .key("preAllocSize")), ("ZOO_SNAPCOUNT", .key("snapCount")),
        ("ZOO_RECONFIG_ENABLED", .flag("reconfigEnabled")),
        ("ZOO_LISTEN_ALLIPS_ENABLED", .flag("quorumListenOnAllIPs")),
        ("ZOO_ENABLE_ADMIN_SERVER", .flag("admin.enableServer")),
        ("ZOO_ADMIN_SERVER_ADDRESS", .key("admin.serverAddress")),
        ("ZOO_ADMIN_SERVER_PORT_NUMBER", .key("admin.serverPort")),
        ("ZOO_ENABLE_PROMETHEUS_METRICS", .metrics),
        ("ZOO_PROMETHEUS_METRICS_PORT_NUMBER", .key("metricsProvider.httpPort")),
        ("ZOO_LOG_LEVEL", .logLevel), ("ZOO_HEAP_SIZE", .withoutEffect(noJava)),
        ("ZOO_FIPS_MODE", .withoutEffect(noJava)), ("ZOO_HC_TIMEOUT", .accepted),
        ("ALLOW_ANONYMOUS_LOGIN", .accepted), ("BITNAMI_DEBUG", .accepted),
        ("ZOO_ENABLE_AUTH", .protection(noSASL)), ("ZOO_ENABLE_QUORUM_AUTH", .protection(noSASL)),
        ("ZOO_TLS_CLIENT_ENABLE", .clientTLS),
        ("ZOO_TLS_CLIENT_AUTH", .key("ssl.clientAuth")),
        ("ZOO_TLS_CLIENT_KEYSTORE_FILE", .key("ssl.keyStore.location")),
        ("ZOO_TLS_CLIENT_KEYSTORE_TYPE", .key("ssl.keyStore.type")),
        ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", .key("ssl.keyStore.password")),
        ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", .key("ssl.trustStore.location")),
        ("ZOO_TLS_CLIENT_TRUSTSTORE_TYPE", .key("ssl.trustStore.type")),
        ("ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD", .key("ssl.trustStore.password")),
        ("ZOO_TLS_QUORUM_ENABLE", .flag("sslQuorum")),
        ("ZOO_TLS_QUORUM_CLIENT_AUTH", .key("ssl.quorum.clientAuth")),
        ("ZOO_TLS_QUORUM_KEYSTORE_FILE", .key("ssl.quorum.keyStore.location")),
        ("ZOO_TLS_QUORUM_KEYSTORE_TYPE", .key("ssl.quorum.keyStore.type")),
        ("ZOO_TLS_QUORUM_KEYSTORE_PASSWORD", .key("ssl.quorum.keyStore.password")),
        ("ZOO_TLS_QUORUM_TRUSTSTORE_FILE", .key("ssl.quorum.trustStore.location")),
        ("ZOO_TLS_QUORUM_TRUSTSTORE_TYPE", .key("ssl.quorum.trustStore.type")),
        ("ZOO_TLS_QUORUM_TRUSTSTORE_PASSWORD", .key("ssl.quorum.trustStore.password")),
        ("ZOO_CLIENT_USER", .withoutEffect(part)), ("ZOO_CLIENT_PASSWORD", .withoutEffect(part)),
        ("ZOO_SERVER_USERS", .withoutEffect(part)),
        ("ZOO_SERVER_PASSWORDS", .withoutEffect(part)),
        ("ZOO_QUORUM_LEARNER_USER", .withoutEffect(part)),
        ("ZOO_QUORUM_LEARNER_PASSWORD", .withoutEffect(part)),
        ("ZOO_QUORUM_SERVER_USERS", .withoutEffect(part)),
        ("ZOO_QUORUM_SERVER_PASSWORDS", .withoutEffect(part)),
        ("ZOO_TLS_PORT_NUMBER", .accepted),
    ]

    private static let confluent: [(String, Meaning)] = [
        ("ZOOKEEPER_SERVER_ID", .identity), ("ZOOKEEPER_SERVERS", .numberedServers),
        ("ZOOKEEPER_GROUPS", .numbered("group")), ("ZOOKEEPER_WEIGHTS", .numbered("weight")),
        ("ZOOKEEPER_CLIENT_PORT", .key("clientPort")),
        ("ZOOKEEPER_CLIENT_PORT_ADDRESS", .key("clientPortAddress")),
        ("ZOOKEEPER_TICK_TIME", .key("tickTime")), ("ZOOKEEPER_INIT_LIMIT", .key("initLimit")),
        ("ZOOKEEPER_SYNC_LIMIT", .key("syncLimit")),
        ("ZOOKEEPER_MAX_CLIENT_CNXNS", .key("maxClientCnxns")),
        ("ZOOKEEPER_MIN_SESSION_TIMEOUT", .key("minSessionTimeout")),
        ("ZOOKEEPER_MAX_SESSION_TIMEOUT", .key("maxSessionTimeout")),
        ("ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL", .key("autopurge.purgeInterval")),
        ("ZOOKEEPER_AUTOPURGE_SNAP_RETAIN_COUNT", .key("autopurge.snapRetainCount")),
        ("ZOOKEEPER_SNAPSHOT_TRUST_EMPTY", .flag("snapshot.trust.empty")),
        ("ZOOKEEPER_4LW_COMMANDS_WHITELIST", .key("4lw.commands.whitelist")),
        ("ZOOKEEPER_SNAP_COUNT", .key("snapCount")),
        ("ZOOKEEPER_PRE_ALLOC_SIZE", .key("preAllocSize")),
        ("ZOOKEEPER_GLOBAL_OUTSTANDING_LIMIT", .key("globalOutstandingLimit")),
        ("ZOOKEEPER_STANDALONE_ENABLED", .flag("standaloneEnabled")),
        ("ZOOKEEPER_RECONFIG_ENABLED", .flag("reconfigEnabled")),
        ("ZOOKEEPER_QUORUM_LISTEN_ON_ALL_IPS", .flag("quorumListenOnAllIPs")),
        ("ZOOKEEPER_ELECTION_PORT_BIND_RETRY", .key("electionPortBindRetry")),
        ("ZOOKEEPER_CNX_TIMEOUT", .key("cnxTimeout")),
        ("ZOOKEEPER_FORCE_SYNC", .key("forceSync")), ("ZOOKEEPER_SKIP_ACL", .key("skipACL")),
        ("ZOOKEEPER_LEADER_SERVES", .key("leaderServes")),
        ("ZOOKEEPER_JUTE_MAX_BUFFER", .key("jute.maxbuffer")),
        ("ZOOKEEPER_ADMIN_ENABLE_SERVER", .flag("admin.enableServer")),
        ("ZOOKEEPER_ADMIN_SERVER_PORT", .key("admin.serverPort")),
        ("ZOOKEEPER_ADMIN_SERVER_ADDRESS", .key("admin.serverAddress")),
        ("ZOOKEEPER_SECURE_CLIENT_PORT", .key("secureClientPort")),
        ("ZOOKEEPER_SSL_CLIENT_AUTH", .key("ssl.clientAuth")),
        ("ZOOKEEPER_SSL_KEYSTORE_LOCATION", .key("ssl.keyStore.location")),
        ("ZOOKEEPER_SSL_KEYSTORE_TYPE", .key("ssl.keyStore.type")),
        ("ZOOKEEPER_SSL_KEYSTORE_PASSWORD", .key("ssl.keyStore.password")),
        ("ZOOKEEPER_SSL_TRUSTSTORE_LOCATION", .key("ssl.trustStore.location")),
        ("ZOOKEEPER_SSL_TRUSTSTORE_TYPE", .key("ssl.trustStore.type")),
        ("ZOOKEEPER_SSL_TRUSTSTORE_PASSWORD", .key("ssl.trustStore.password")),
        ("ZOOKEEPER_SSL_QUORUM", .flag("sslQuorum")),
        ("ZOOKEEPER_SSL_QUORUM_KEYSTORE_LOCATION", .key("ssl.quorum.keyStore.location")),
        ("ZOOKEEPER_SSL_QUORUM_KEYSTORE_PASSWORD", .key("ssl.quorum.keyStore.password")),
        ("ZOOKEEPER_SSL_QUORUM_TRUSTSTORE_LOCATION", .key("ssl.quorum.trustStore.location")),
        ("ZOOKEEPER_SSL_QUORUM_TRUSTSTORE_PASSWORD", .key("ssl.quorum.trustStore.password")),
        ("KAFKA_HEAP_OPTS", .withoutEffect(noJava)),
        ("KAFKA_JMX_PORT", .withoutEffect(noJava)), ("KAFKA_JMX_HOSTNAME", .withoutEffect(noJava)),
        ("KAFKA_JMX_OPTS", .withoutEffect(noJava)),
        ("ZOOKEEPER_LOG4J_ROOT_LOGLEVEL", .logLevel),
        ("ZOOKEEPER_LOG4J_LOGGERS", .withoutEffect(noLogSetting)),
    ]

    /// Of guides that are older than those images.
    ///
    /// What may be set to anything comes last, so that
    /// it goes before all else.
    private static let older: [(String, Meaning)] = [
        ("ZOOKEEPER_ID", .identity), ("SERVER_ID", .identity),
        ("ZOOKEEPER_CLIENT_CNXNS", .key("maxClientCnxns")),
        ("ZOO_CFG_EXTRA", .lines),
    ]
}
