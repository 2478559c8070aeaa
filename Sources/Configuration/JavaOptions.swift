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

    /// The settings among the words of `flags`, by the names that they have in zoo.cfg.
    public static func settings(in flags: String) -> [PropertiesFile.Entry] {
        var settings: [PropertiesFile.Entry] = []
        for word in flags.split(whereSeparator: \.isWhitespace) where word.hasPrefix("-D") {
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts.first.map(String.init) else { continue }
            let isOurs = name.hasPrefix("zookeeper.")
            let key = isOurs ? String(name.dropFirst(10)) : name
            guard isOurs || bareNames.contains(name), !fileOnly.contains(key) else { continue }
            settings.append(PropertiesFile.Entry(key: key, value: String(parts[1]), line: 0))
        }
        return settings
    }
}
