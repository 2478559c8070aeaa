import Quorum
import Records
import Tree

// What each command of the AdminServer answers; its fields are Apache ZooKeeper's.

extension Replica {
    /// Answers a command; `snapshot` and `restore` have ways of their own.
    public func administer(
        _ command: AdminCommand, _ parameters: [String: String] = [:], _ now: Moment
    ) -> AdminAnswer {
        self.now = now
        guard hasService || !command.needsService else {
            return .notServing
        }
        switch command {
        case .ruok, .restore, .snapshot: return AdminAnswer()
        case .setTraceMask: return setTraceMask(parameters["traceMask"])
        case .leader: return leaderAnswer
        case .connectionStatReset:
            for connection in connections.values { connection.statistics.reset() }
            return AdminAnswer()
        case .statReset:
            resetStatistics()
            return AdminAnswer()
        case .observerConnectionStatReset:
            peer?.resetObserverFigures()
            return AdminAnswer()
        case .connections: return AdminAnswer(connectionFields(withSessions: true))
        case .serverStats: return AdminAnswer(serverFields)
        case .stats: return AdminAnswer(serverFields + connectionFields(withSessions: false))
        case .zabState: return AdminAnswer(zabFields)
        default: return AdminAnswer(plainFields(command))
        }
    }

    private func plainFields(_ command: AdminCommand) -> [AdminValue.Field] {
        func one(_ name: String, _ value: AdminValue) -> [AdminValue.Field] {
            [AdminValue.Field(name, value)]
        }
        switch command {
        case .configuration: return configurationFields
        case .dirs:
            let sizes = disk.sizes()
            return one("datadir_size", .integer(sizes.data))
                + one("logdir_size", .integer(sizes.log))
        case .dump: return dumpFields
        case .environment:
            return one("zookeeper.version", .text(settings.description.version))
                + settings.description.environment.map { AdminValue.Field($0.key, .text($0.value)) }
        case .getTraceMask: return one("tracemask", .integer(traceMask))
        case .hash: return one("digests", .list(digestLog.map(\.value)))
        case .initialConfiguration:
            return one("initial_configuration", AdminValue(settings.description.initialText))
        case .isReadOnly: return one("read_only", .bool(isReadOnly))
        case .lastSnapshot:
            let zxid = lastSnapshot?.zxid ?? Zxid.none
            return one("zxid", .text(zxid.hex))
                + one("timestamp", .integer(lastSnapshot?.seconds ?? -1))
        case .monitor:
            return samples.flatMap(\.keysAndValues).map { AdminValue.Field($0.key, $0.value) }
        case .observers: return observerFields
        case .systemProperties:
            return settings.description.properties.sorted { $0.key < $1.key }
                .map { AdminValue.Field($0.key, .text($0.value)) }
        case .votingView: return one("current_config", votingView)
        case .watchSummary: return watchSummaryFields
        case .watches: return one("session_id_to_watched_paths", watchesByConnection)
        case .watchesByPath: return one("path_to_session_ids", watchesByPath)
        default: return []
        }
    }

    private func setTraceMask(_ text: String?) -> AdminAnswer {
        guard let text else {
            return AdminAnswer(error: "setTraceMask requires long traceMask argument")
        }
        guard let mask = Int64(text) else {
            return AdminAnswer(error: "setTraceMask requires long traceMask argument, got \(text)")
        }
        traceMask = mask
        return AdminAnswer([AdminValue.Field("tracemask", .integer(mask))])
    }

    private var configurationFields: [AdminValue.Field] {
        let description = settings.description
        var fields = [AdminValue.Field("client_port", .number(description.clientPort))]
        if description.secureClientPort >= 0 {
            fields.append(
                AdminValue.Field("secure_client_port", .number(description.secureClientPort)))
        }
        return fields + [
            AdminValue.Field("data_dir", .text(description.dataDirectory)),
            AdminValue.Field("data_log_dir", .text(description.logDirectory)),
            AdminValue.Field("tick_time", .number(settings.tickTimeMilliseconds)),
            AdminValue.Field("max_client_cnxns", .number(settings.connectionsPerAddressMax)),
            AdminValue.Field("min_session_timeout", .number(settings.timeoutMin)),
            AdminValue.Field("max_session_timeout", .number(settings.timeoutMax)),
            AdminValue.Field("server_id", .number(settings.server.rawValue)),
            AdminValue.Field(
                "client_port_listen_backlog", .number(description.clientPortListenBacklog)),
        ]
    }

    private func sizeFields(_ sizes: SizeStatistics) -> AdminValue {
        .object([
            AdminValue.Field("last_buffer_size", .integer(sizes.last)),
            AdminValue.Field("min_buffer_size", .integer(sizes.min)),
            AdminValue.Field("max_buffer_size", .integer(sizes.max)),
        ])
    }

    private var serverFields: [AdminValue.Field] {
        var fields = [
            AdminValue.Field("version", .text(settings.description.version)),
            AdminValue.Field("read_only", .bool(isReadOnly)),
            AdminValue.Field("server_stats", .object(serverStatistics)),
            AdminValue.Field("client_response", sizeFields(statistics.replySize)),
        ]
        if case .leading = role {
            fields.append(
                AdminValue.Field("proposal_stats", sizeFields(statistics.proposalSize)))
        }
        return fields + [AdminValue.Field("node_count", .number(tree.nodeCount))]
    }

    private var serverStatistics: [AdminValue.Field] {
        let sizes = disk.sizes(), latency = statistics.latency
        return [
            AdminValue.Field("packets_sent", .integer(statistics.packetsSent)),
            AdminValue.Field("packets_received", .integer(statistics.packetsReceived)),
            AdminValue.Field(
                "fsync_threshold_exceed_count", .integer(statistics.slowSyncs)),
            AdminValue.Field("client_response_stats", sizeFields(statistics.replySize)),
            AdminValue.Field("data_dir_size", .integer(sizes.data)),
            AdminValue.Field("log_dir_size", .integer(sizes.log)),
            AdminValue.Field("provider_null", .bool(false)),
            AdminValue.Field("last_processed_zxid", .integer(lastZxid.rawValue)),
            AdminValue.Field("outstanding_requests", .number(outstandingCount)),
            AdminValue.Field("server_state", .text(modeName)),
            AdminValue.Field("avg_latency", .decimal(latency.average)),
            AdminValue.Field("max_latency", .integer(latency.greatest)),
            AdminValue.Field("min_latency", .integer(latency.minimum)),
            AdminValue.Field("num_alive_client_connections", .number(connections.count)),
            AdminValue.Field("auth_failed_count", .integer(statistics.authenticationFailures)),
            AdminValue.Field("non_mtlsremote_conn_count", .integer(statistics.nonMutualRemote)),
            AdminValue.Field("non_mtlslocal_conn_count", .integer(statistics.nonMutualLocal)),
            AdminValue.Field("uptime", .integer(now.monotonicMilliseconds - startedAt)),
        ]
    }
}
