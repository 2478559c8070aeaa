import Jute
import Records
import Tree

// What the AdminServer tells of clients: their connections, sessions and watches.

extension Replica {
    func connectionFields(withSessions: Bool) -> [AdminValue.Field] {
        let sorted = connections.values.sorted { $0.id < $1.id }
        func list(_ isSecure: Bool) -> AdminValue {
            .list(
                sorted.filter { $0.isSecure == isSecure }
                    .map { .object(fields(of: $0, withSession: withSessions)) })
        }
        return [
            AdminValue.Field("connections", list(false)),
            AdminValue.Field("secure_connections", list(true)),
        ]
    }

    private func fields(of connection: Connection, withSession: Bool) -> [AdminValue.Field] {
        let counts = connection.statistics
        let address = AddressCredential.text(of: connection.address)
        let fields = [
            AdminValue.Field("remote_socket_address", .text("\(address):\(connection.port)")),
            AdminValue.Field("interest_ops", .integer(connection.isPaused ? 0 : 1)),
            AdminValue.Field("outstanding_requests", .number(connection.outstanding.count)),
            AdminValue.Field("packets_received", .integer(counts.received)),
            AdminValue.Field("packets_sent", .integer(counts.sent)),
        ]
        guard withSession, connection.session != .none else { return fields }
        let latency = counts.latency
        return fields + [
            AdminValue.Field("session_id", .integer(connection.session.rawValue)),
            AdminValue.Field("last_operation", .text(counts.lastOperation?.shortName ?? "NA")),
            AdminValue.Field("established", .integer(counts.establishedAt)),
            AdminValue.Field("session_timeout", .number(connection.timeout)),
            AdminValue.Field("last_cxid", .number(counts.lastXid?.rawValue ?? -1)),
            AdminValue.Field("last_zxid", .integer(counts.lastZxid.rawValue)),
            AdminValue.Field("last_response_time", .integer(counts.lastResponseAt)),
            AdminValue.Field("last_latency", .integer(counts.lastLatency)),
            AdminValue.Field("min_latency", .integer(latency.minimum)),
            AdminValue.Field(
                "avg_latency", .integer(latency.count == 0 ? 0 : latency.total / latency.count)),
            AdminValue.Field("max_latency", .integer(latency.greatest)),
        ]
    }

    var dumpFields: [AdminValue.Field] {
        let sets = isPrimary ? tracker.expirySets : []
        return [
            AdminValue.Field(
                "expiry_time_to_session_ids",
                .object(
                    sets.map { set in
                        AdminValue.Field(
                            "\(set.deadline)",
                            .list(set.sessions.map { .integer($0.rawValue) }))
                    })),
            AdminValue.Field(
                "session_id_to_ephemeral_paths",
                .object(
                    tree.ephemeralOwners.map { owner in
                        AdminValue.Field(
                            "\(owner.rawValue)",
                            .list(tree.ephemerals(of: owner).map { .text($0.description) }))
                    })),
        ]
    }

    var watchSummaryFields: [AdminValue.Field] {
        let summary = watches.summary
        return [
            AdminValue.Field("num_connections", .number(summary.watchers)),
            AdminValue.Field("num_paths", .number(summary.paths)),
            AdminValue.Field("num_total_watches", .number(summary.watches)),
        ]
    }

    private func session(_ watcher: WatcherID) -> Int64 {
        connections[ConnectionID(watcher.rawValue)]?.session.rawValue ?? 0
    }

    var watchesByConnection: AdminValue {
        .object(
            watches.pathsByWatcher.map { watcher, paths in
                AdminValue.Field(
                    "\(session(watcher))", .list(paths.map { .text($0.description) }))
            })
    }

    var watchesByPath: AdminValue {
        .object(
            watches.watchersByPath.map { path, watchers in
                AdminValue.Field(
                    path.description, .list(watchers.map { .integer(session($0)) }))
            })
    }
}
