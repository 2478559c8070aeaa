import Records

/// Reads the entries of a zoo.cfg one after the other.
struct ServerConfigurationParser {
    let properties: PropertiesFile
    private let file: String
    var configuration = ServerConfiguration()
    var problems: [ConfigurationProblem] = []
    /// Keys that were accepted and do nothing, by the reason.
    private var withoutEffect: [String: [PropertiesFile.Entry]] = [:]

    /// What the process was told besides; the file counts for more.
    private let options: [PropertiesFile.Entry]

    init(
        _ properties: PropertiesFile, file: String, options: [PropertiesFile.Entry] = []
    ) {
        self.properties = properties
        self.file = file
        self.options = options
    }

    mutating func run() {
        configuration.entries = properties.entries
        var last: [String: PropertiesFile.Entry] = [:]
        for entry in properties.entries { last[entry.key] = entry }
        for entry in options where last[entry.key] == nil { read(entry) }
        for entry in properties.entries where last[entry.key] == entry { read(entry) }
        finish()
    }

    mutating func error(_ message: String, _ entry: PropertiesFile.Entry?) {
        problems.append(problem(.error, message, entry))
    }

    mutating func warn(_ message: String, _ entry: PropertiesFile.Entry?) {
        problems.append(problem(.warning, message, entry))
    }

    /// Options of the process stand in no line of the file.
    private func problem(
        _ severity: ConfigurationProblem.Severity, _ message: String,
        _ entry: PropertiesFile.Entry?
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            severity, message, file: entry?.option ?? file,
            line: entry?.option == nil ? entry?.line : nil)
    }

    private mutating func read(_ entry: PropertiesFile.Entry) {
        let key = entry.key.hasPrefix("zookeeper.") ? String(entry.key.dropFirst(10)) : entry.key
        if Membership.isKey(key) {
            // With the prefix, or as an option of the process, it is no line of a member.
            if entry.key != key || entry.option != nil {
                warn("\(key)=\(entry.value) counts only in the file, without zookeeper.", entry)
            }
            return
        }
        if readText(key, entry) || readFlag(key, entry) || readNumber(key, entry)
            || readAdministration(key, entry) || readAccess(key, entry) || readTLS(key, entry)
            || readLimit(key, entry) || readQuorumLogin(key, entry)
            || readDiagnostics(key, entry)
        {
            return
        }
        if let reason = KnownKeys.reasonForNoEffect(key) {
            return withoutEffect[reason, default: []].append(entry)
        }
        if KnownKeys.isKnown(key) { return }
        let nearest = KnownKeys.nearest(to: key).map { "; did you mean \($0)?" } ?? ""
        warn("unknown key \(entry.key)\(nearest)", entry)
    }

    private mutating func readText(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        switch key {
        case "dataDir": configuration.dataDirectory = value
        case "dataLogDir": configuration.logDirectory = value
        case "clientPortAddress": configuration.clientPortAddress = value
        case "dynamicConfigFile": configuration.dynamicConfigFile = value
        case "4lw.commands.whitelist": configuration.fourLetterWords = value
        case "aviary.ensemble": readEnsemble(value, entry)
        case "forceSync": configuration.forceSync = value != "no"
        case "leaderServes": configuration.leaderServes = value != "no"
        case "electionAlg":
            if value != "3" { error("electionAlg=\(value): only 3 exists", entry) }
        case "peerType": readPeerType(value, entry)
        case "snapshot.compression.method": readCompression(value, entry)
        case "snapshotSizeFactor": readSnapshotSizeFactor(value, entry)
        default: return false
        }
        return true
    }

    private mutating func readEnsemble(_ value: String, _ entry: PropertiesFile.Entry) {
        guard !value.isEmpty, value.utf8.count <= 200,
            value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return error("aviary.ensemble=\(value): one word of up to 200 letters", entry) }
        configuration.ensemble = value
    }

    private mutating func readPeerType(_ value: String, _ entry: PropertiesFile.Entry) {
        switch value.lowercased() {
        case "observer": configuration.isObserver = true
        case "participant": configuration.isObserver = false
        default: error("peerType=\(value): it is either participant or observer", entry)
        }
    }

    private mutating func readCompression(_ value: String, _ entry: PropertiesFile.Entry) {
        switch value {
        case "gz", "snappy": configuration.snapshotCompression = value
        case "": configuration.snapshotCompression = nil
        default:
            warn("\(entry.key)=\(value): it is gz or snappy; snapshots are not compressed", entry)
        }
    }

    private mutating func readSnapshotSizeFactor(
        _ value: String, _ entry: PropertiesFile.Entry
    ) {
        guard let factor = Double(value), factor.isFinite else {
            return error("snapshotSizeFactor=\(value): a number is needed, such as 0.33", entry)
        }
        // Above 1 the log would be the dearer of the two; Apache ZooKeeper takes its default, too.
        if factor <= 1 { configuration.snapshotSizeFactor = factor }
    }

    private mutating func readFlag(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let field: WritableKeyPath<ServerConfiguration, Bool>
        switch key {
        case "standaloneEnabled": field = \.standaloneEnabled
        case "reconfigEnabled": field = \.reconfigEnabled
        case "quorumListenOnAllIPs": field = \.quorumListenOnAllAddresses
        case "extendedTypesEnabled": field = \.extendedTypesEnabled
        case "enforceQuota": field = \.enforcesQuotas
        case "localSessionsEnabled": field = \.localSessionsEnabled
        case "localSessionsUpgradingEnabled": field = \.localSessionsUpgradingEnabled
        case "readonlymode.enabled": field = \.readOnlyModeEnabled
        case "syncEnabled", "observer.syncEnabled": field = \.observersKeepLog
        case "multiAddress.enabled": field = \.severalAddressesEnabled
        case "multiAddress.reachabilityCheckEnabled": field = \.quorumLimits.checksReachability
        case "forceSnapshotSync": field = \.quorumLimits.sendsSnapshotsOnly
        case "digest.enabled": field = \.digestEnabled
        case "snapshot.trust.empty": field = \.trustsEmptySnapshot
        case "db.autocreate": field = \.createsDatabase
        case "datadir.autocreate": field = \.createsDirectories
        default: return false
        }
        switch entry.value.trimmed.lowercased() {
        case "true": configuration[keyPath: field] = true
        case "false": configuration[keyPath: field] = false
        default:
            error("\(key)=\(entry.value.trimmed): it is either true or false", entry)
        }
        return true
    }

    private mutating func readNumber(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        guard let range = ServerConfigurationParser.ranges[key] else { return false }
        guard let value = Int64(entry.value.trimmed), range.contains(value) else {
            error(
                "\(key)=\(entry.value.trimmed): a number from \(range.lowerBound) to "
                    + "\(range.upperBound) is needed", entry)
            return true
        }
        store(value, key)
        return true
    }

    private static let int32: ClosedRange<Int64> = -1...Int64(Int32.max)
    private static let kilobytes: ClosedRange<Int64> = -1...(Int64.max >> 12)

    private static let ranges: [String: ClosedRange<Int64>] = [
        "clientPort": 0...65535, "clientPortListenBacklog": int32, "tickTime": 1...86_400_000,
        "initLimit": 1...1_000_000, "syncLimit": 1...1_000_000, "minSessionTimeout": int32,
        "maxSessionTimeout": int32, "maxClientCnxns": int32, "maxCnxns": int32,
        "globalOutstandingLimit": 1...Int64(Int32.max), "jute.maxbuffer": 1...Int64(Int32.max / 4),
        "jute.maxbuffer.extrasize": 0...Int64(Int32.max / 4),
        "autopurge.snapRetainCount": int32, "autopurge.purgeInterval": int32,
        "snapCount": 1...Int64(Int32.max), "snapSizeLimitInKb": kilobytes,
        "preAllocSize": 0...(1 << 22), "txnLogSizeLimitInKb": kilobytes,
        "cnxTimeout": 1...Int64(Int32.max),
        "commitLogCount": 1...1_000_000, "observerMasterPort": 0...65535,
        "connectToLearnerMasterLimit": 0...1_000_000,
        "leader.maxTimeToWaitForEpoch": int32, "fastleader.minNotificationInterval": 1...86_400_000,
        "fastleader.maxNotificationInterval": 1...86_400_000, "quorumCnxnTimeoutMs": int32,
        "multiAddress.reachabilityCheckTimeoutMs": 1...Int64(Int32.max),
        "leader.maxConcurrentSnapSyncs": 1...Int64(Int32.max),
        "leader.maxConcurrentDiffSyncs": 1...Int64(Int32.max),
        "observer.reconnectDelayMs": 0...Int64(Int32.max),
        "fsync.warningthresholdms": 0...Int64(Int32.max),
        "znode.container.checkIntervalMs": 1...Int64(Int32.max),
        "znode.container.maxPerMinute": 1...Int64(Int32.max),
        "znode.container.maxNeverUsedIntervalMs": 0...Int64(Int32.max),
    ]

    private mutating func store(_ value: Int64, _ key: String) {
        let small = Int32(truncatingIfNeeded: value)
        switch key {
        case "connectToLearnerMasterLimit":
            configuration.quorumLimits.leaderTicks = value > 0 ? value : nil
        case "leader.maxTimeToWaitForEpoch":
            configuration.quorumLimits.epochPatience = value >= 0 ? value : nil
        case "fastleader.minNotificationInterval":
            configuration.quorumLimits.resendDelayMin = value
        case "fastleader.maxNotificationInterval":
            configuration.quorumLimits.resendDelayMax = value
        case "multiAddress.reachabilityCheckTimeoutMs":
            configuration.quorumLimits.reachabilityPatience = value
        case "quorumCnxnTimeoutMs":
            configuration.quorumLimits.greetingTimeout = value > 0 ? value : nil
        case "leader.maxConcurrentSnapSyncs":
            configuration.quorumLimits.snapshotSynchronizationsMax = value
        case "leader.maxConcurrentDiffSyncs":
            configuration.quorumLimits.differenceSynchronizationsMax = value
        case "clientPort": configuration.clientPort = UInt16(truncatingIfNeeded: value)
        case "clientPortListenBacklog": configuration.listenBacklog = small
        case "tickTime": configuration.tickTime = small
        case "initLimit": configuration.initLimit = small
        case "syncLimit": configuration.syncLimit = small
        case "minSessionTimeout": configuration.sessionTimeoutMin = small
        case "maxSessionTimeout": configuration.sessionTimeoutMax = small
        case "maxClientCnxns": configuration.connectionsPerAddressMax = Int(value)
        case "maxCnxns": configuration.connectionsMax = Int(value)
        case "globalOutstandingLimit": configuration.outstandingRequestsMax = Int(value)
        case "jute.maxbuffer": configuration.requestSizeMax = Int(value)
        case "jute.maxbuffer.extrasize": configuration.requestSizeExtra = Int(value)
        case "autopurge.snapRetainCount": configuration.purgeRetainCount = max(3, Int(value))
        case "autopurge.purgeInterval": configuration.purgeIntervalHours = max(0, Int(value))
        case "snapCount": configuration.snapshotTransactionCount = max(2, Int(value))
        case "snapSizeLimitInKb": configuration.snapshotLogSizeMax = value * 1024
        case "preAllocSize": configuration.preallocationSize = Int(value) * 1024
        case "txnLogSizeLimitInKb": configuration.logFileSizeMax = value * 1024
        case "cnxTimeout": configuration.connectTimeout = small
        case "observerMasterPort":
            configuration.observerMasterPort = value == 0 ? nil : UInt16(truncatingIfNeeded: value)
        case "observer.reconnectDelayMs": configuration.observerReconnectDelay = value
        case "fsync.warningthresholdms": configuration.slowSyncMilliseconds = value
        case "commitLogCount": configuration.committedLogCountMax = max(500, Int(value))
        case "znode.container.checkIntervalMs": configuration.reapingInterval = value
        case "znode.container.maxPerMinute": configuration.reapedPerMinuteMax = value
        case "znode.container.maxNeverUsedIntervalMs":
            configuration.containerNeverUsedInterval = value
        default: break
        }
    }

    private mutating func finish() {
        for (reason, entries) in withoutEffect.sorted(by: { $0.key < $1.key }) {
            let keys = entries.map { $0.option ?? $0.key }.joined(separator: ", ")
            warn(
                "accepted, but these keys \(reason): \(keys)",
                entries.first { $0.option == nil } ?? entries.first)
        }
        if configuration.dataDirectory.isEmpty {
            error("dataDir is missing: add the directory for snapshots, dataDir=/path", nil)
        }
        if configuration.logDirectory.isEmpty {
            configuration.logDirectory = configuration.dataDirectory
        }
        if configuration.clientPortAddress != nil, configuration.clientPort == nil {
            error("clientPortAddress needs a clientPort", properties["clientPortAddress"])
        }
        let shortest = configuration.sessionTimeoutMin, longest = configuration.sessionTimeoutMax
        let least = shortest >= 0 ? shortest : configuration.tickTime &* 2
        let most = longest >= 0 ? longest : configuration.tickTime &* 20
        if least > most {
            error(
                "minSessionTimeout (\(least) ms) is greater than maxSessionTimeout (\(most) ms)",
                properties["minSessionTimeout"] ?? properties["maxSessionTimeout"])
        }
        checkAccess()
        checkQuorumLogin()
        readMembers()
    }

    private mutating func readMembers() {
        let listed = properties.entries.filter { Membership.isKey($0.key) }
        if configuration.dynamicConfigFile != nil, let first = listed.first {
            error(
                "\(first.key) stands beside dynamicConfigFile: servers belong into only one file",
                first)
        }
        do throws(MembershipProblem) {
            configuration.membership = try Membership(version: 0, entries: listed)
            guard !configuration.severalAddressesEnabled else { return }
            for member in configuration.membership.members where !member.further.isEmpty {
                let key = "server.\(member.id)"
                error("\(key) \(Member.needsKey)", properties[key])
            }
        } catch {
            problems.append(
                ConfigurationProblem(.error, error.message, file: file, line: error.line))
        }
    }
}
