import Configuration
import Jute
import Quorum
import Records
import ServerCore
import Storage

// From what the files say to what a replica is told.

extension RunningServer {
    func settings() -> ReplicaSettings {
        let configuration = files.configuration
        let isAlone = configuration.isStandalone
        var settings = ReplicaSettings(
            server: files.server, quorum: isAlone ? nil : quorumSettings(),
            membership: isAlone ? Membership(version: 0, members: []) : files.membership)
        settings.tickTimeMilliseconds = configuration.tickTime
        settings.sessionTimeoutMillisecondsMin = configuration.sessionTimeoutMin
        settings.sessionTimeoutMillisecondsMax = configuration.sessionTimeoutMax
        settings.requestSizeMax = configuration.requestSizeMax
        settings.packetSizeMax = configuration.packetSizeMax
        settings.connectionsPerAddressMax = configuration.connectionsPerAddressMax
        settings.connectionsMax = configuration.connectionsMax
        settings.outstandingRequestsMax = configuration.outstandingRequestsMax
        settings.extendedTypesEnabled = configuration.extendedTypesEnabled
        settings.reapingIntervalMilliseconds = configuration.reapingInterval
        settings.reapedPerMinuteMax = configuration.reapedPerMinuteMax
        settings.containerNeverUsedMilliseconds = configuration.containerNeverUsedInterval
        settings.enforcesQuotas = configuration.enforcesQuotas
        settings.digestEnabled = configuration.digestEnabled
        settings.reconfigEnabled = configuration.reconfigEnabled
        settings.standaloneEnabled = configuration.standaloneEnabled
        settings.lastSeenMembership = isAlone ? nil : files.proposedMembership
        settings.leaderServes = configuration.leaderServes
        settings.isAudited = configuration.isAudited
        settings.outputMaxOfAll = MemoryLimit.share(8, most: settings.outputMaxOfAll)
        settings.slowSyncMilliseconds = configuration.slowSyncMilliseconds
        settings.limits = configuration.limits
        settings.localSessionsEnabled = configuration.localSessionsEnabled
        settings.localSessionsUpgradingEnabled = configuration.localSessionsUpgradingEnabled
        settings.readOnlyModeEnabled = configuration.readOnlyModeEnabled
        settings.access = AccessSettings(configuration.access, users: files.logins)
        if clientTLS != nil { settings.access.providers.insert(.x509) }
        settings.snapshotTransactionCount = configuration.snapshotTransactionCount
        settings.snapshotLogSizeMax = configuration.snapshotLogSizeMax
        if let words = configuration.fourLetterWords {
            settings.fourLetterWords = FourLetterWords.Whitelist(words)
        }
        settings.description = description()
        return settings
    }

    private func quorumSettings() -> QuorumSettings {
        let configuration = files.configuration
        var settings = QuorumSettings(
            myID: files.server, tickTime: Int64(configuration.tickTime),
            initLimit: Int64(configuration.initLimit), syncLimit: Int64(configuration.syncLimit),
            connectTimeout: Int64(configuration.connectTimeout),
            reconfigEnabled: configuration.reconfigEnabled,
            packetSizeMax: configuration.packetSizeMax,
            committedLogCountMax: configuration.committedLogCountMax)
        settings.ensemble = configuration.ensemble.map { ByteString($0) }
        settings.greetsWithAllAddresses = configuration.severalAddressesEnabled
        settings.snapshotSizeFactor = configuration.snapshotSizeFactor
        settings.observerMasterPort = configuration.observerMasterPort
        settings.observerReconnectDelay = configuration.observerReconnectDelay
        settings.observersKeepLog = configuration.observersKeepLog
        settings.apply(configuration.quorumLimits)
        return settings
    }

    private func description() -> ServerDescription {
        var description = ServerDescription()
        description.version = ServerProgram.version
        let configuration = files.configuration
        description.secureClientPort = configuration.secureClientPort.map { Int32($0) } ?? -1
        if configuration.clientPort != nil || configuration.secureClientPort == nil {
            description.clientPort = Int32(configuration.clientPort ?? 2181)
        }
        description.clientPortListenBacklog = files.configuration.listenBacklog
        description.dataDirectory = directories.snapshots
        description.logDirectory = directories.logs
        description.environment = ServerProcess.environment()
        description.initialText = RunningServer.withoutSecrets(
            String(decoding: files.text, as: UTF8.self))
        description.properties = properties()
        description.user = ServerProcess.user
        description.processFigures = { ServerProcess.figures() }
        return description
    }

    /// What Apache ZooKeeper would pass on to properties of its process: all that is not one of
    /// the keys it reads itself.
    private func properties() -> [(key: String, value: String)] {
        let facts = ["user.name", "user.home", "user.dir", "os.name", "os.arch", "os.version"]
        let process = ServerProcess.environment().filter { facts.contains($0.key) }
        let keys = files.configuration.entries.filter { KnownKeys.isPassedOn($0.key) }.map {
            let isFull = $0.key.hasPrefix("zookeeper.")
            let value = RunningServer.isSecret($0.key) ? "***" : $0.value
            return (key: isFull ? $0.key : "zookeeper.\($0.key)", value: value)
        }
        return process + keys
    }

    private static func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return key.hasSuffix("password") || key.hasSuffix("superdigest")
    }

    /// The text of a zoo.cfg as anybody may see it.
    private static func withoutSecrets(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let key = line.prefix { $0 != "=" && $0 != ":" && $0 != " " }
            return isSecret(String(key)) ? "\(key)=***" : String(line)
        }.joined(separator: "\n")
    }

    /// A line of the audit log about the server itself.
    func audit(_ operation: String, _ result: String) {
        guard files.configuration.isAudited else { return }
        serverLog.write(
            .info,
            "audit: user=\(ServerProcess.user)\toperation=\(operation)\tresult=\(result)")
    }
}

extension QuorumSettings {
    /// Takes over what the file says; the rest stays as it is.
    fileprivate mutating func apply(_ limits: QuorumLimits) {
        if let ticks = limits.leaderTicks { leaderPatience = ticks * tickTime }
        epochPatience = limits.epochPatience
        greetingTimeout = limits.greetingTimeout
        let least = limits.resendDelayMin ?? resendDelay.lowerBound
        resendDelay = least...max(least, limits.resendDelayMax ?? resendDelay.upperBound)
        if let count = limits.snapshotSynchronizationsMax {
            snapshotSynchronizationsMax = Int(count)
        }
        if let count = limits.differenceSynchronizationsMax {
            differenceSynchronizationsMax = Int(count)
        }
        sendsSnapshotsOnly = limits.sendsSnapshotsOnly
        addressPatience = limits.checksReachability ? limits.reachabilityPatience : nil
        trackedPacketsMax = limits.tracksPackets ? limits.trackedPacketsMax : 0
    }
}
