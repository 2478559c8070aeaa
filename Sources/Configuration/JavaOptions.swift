/// Settings that people give to the process rather than in zoo.cfg: `-Dzookeeper.key=value` in
/// `JVMFLAGS` and `SERVER_JVMFLAGS`, which is the only place that Apache ZooKeeper reads some from.
///
/// What zoo.cfg says counts for more, as it does there.
public enum JavaOptions {
    /// Properties whose names begin with something else than `zookeeper.`.
    private static let bareNames: Set<String> = [
        "jute.maxbuffer", "readonlymode.enabled", "java.security.auth.login.config",
        "znode.container.checkIntervalMs", "znode.container.maxPerMinute",
        "znode.container.maxNeverUsedIntervalMs", "fsync.warningthresholdms",
    ]

    /// Keys that Apache ZooKeeper reads from zoo.cfg alone.
    private static let fileOnly: Set<String> = [
        "dataDir", "dataLogDir", "clientPort", "clientPortAddress", "secureClientPort",
        "secureClientPortAddress", "clientPortListenBacklog", "tickTime", "maxClientCnxns",
        "minSessionTimeout", "maxSessionTimeout", "initLimit", "syncLimit",
        "connectToLearnerMasterLimit", "electionAlg", "quorumListenOnAllIPs", "peerType",
        "syncEnabled", "dynamicConfigFile", "autopurge.snapRetainCount",
        "autopurge.purgeInterval", "standaloneEnabled", "reconfigEnabled", "localSessionsEnabled",
        "localSessionsUpgradingEnabled", "observerMasterPort",
    ]

    /// What the words of some flags are good for.
    struct Reading {
        /// By the names that they have in zoo.cfg.
        var settings: [PropertiesFile.Entry] = []
        /// Options that Apache ZooKeeper passes over, too: they count in zoo.cfg alone.
        var misplaced: [String] = []
        /// What only a Java machine understands.
        var ofJava: [String] = []
    }

    /// Sorts the words of `flags`.
    ///
    /// What is passed over is named without its value, which may be a password.
    static func read(_ flags: String) -> Reading {
        var reading = Reading()
        for word in flags.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let option = String(parts.first ?? word)
            let name = String(option.dropFirst(2))
            let isOurs = name.hasPrefix("zookeeper.")
            let key = isOurs ? String(name.dropFirst(10)) : name
            guard option.hasPrefix("-D"), isOurs || bareNames.contains(name), parts.count == 2,
                let value = parts.last
            else {
                reading.ofJava.append(option)
                continue
            }
            guard !fileOnly.contains(key) else {
                reading.misplaced.append(option)
                continue
            }
            reading.settings.append(
                PropertiesFile.Entry(key: key, value: String(value), line: 0, option: option))
        }
        return reading
    }
}
