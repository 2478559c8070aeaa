import Quorum
import Records
import Tree

// `mntr`, `dump` and the words about watches.

extension Replica {
    var monitorText: String {
        var values: [(String, String)] = [
            ("version", settings.description.version),
            ("server_state", modeName),
        ]
        if let phase = peerState { values.append(("peer_state", phase)) }
        values += commonValues
        values += quotaValues
        values += settings.description.processFigures().map { ($0.key, $0.value) }
        if let peer { values += quorumValues(peer.status) }
        return values.map { "zk_\($0.0)\t\($0.1)\n" }.joined()
    }

    private var peerState: String? {
        guard let peer else { return nil }
        let activity: String
        switch role {
        case .leading: activity = "leading"
        case .following: activity = "following"
        case .observing: activity = "observing"
        default: activity = "looking"
        }
        return "\(activity) - \(peer.status.phase.rawValue)"
    }

    private var commonValues: [(String, String)] {
        let latency = statistics.latency
        return [
            ("avg_latency", latency.average),
            ("max_latency", String(latency.greatest)),
            ("min_latency", String(latency.minimum)),
            ("packets_received", String(statistics.packetsReceived)),
            ("packets_sent", String(statistics.packetsSent)),
            ("num_alive_connections", String(connections.count)),
            ("outstanding_requests", String(outstandingCount)),
            ("uptime", String(now.monotonicMilliseconds - startedAt)),
            ("znode_count", String(tree.nodeCount)),
            ("watch_count", String(watches.count)),
            ("ephemerals_count", String(tree.ephemeralCount)),
            ("approximate_data_size", String(tree.approximateDataSize)),
            ("global_sessions", String(sessionTimeouts.count)),
            ("local_sessions", "0"),
            ("connection_rejected", String(statistics.connectionsRejected)),
            ("auth_failed_count", String(statistics.authenticationFailures)),
            ("digest_mismatches_count", String(statistics.digestMismatches)),
            ("snap_count", String(statistics.snapshots)),
        ]
    }

    private func quorumValues(_ status: QuorumStatus) -> [(String, String)] {
        var values = [("quorum_size", String(membership.voters.count))]
        guard case .leading = role else { return values }
        let learners =
            status.syncedFollowers + status.syncedNonVotingFollowers + status.syncedObservers
        values += [
            ("learners", String(learners + status.pendingLearners)),
            ("followers", String(status.syncedFollowers)),
            ("synced_followers", String(status.syncedFollowers)),
            ("synced_non_voting_followers", String(status.syncedNonVotingFollowers)),
            ("synced_observers", String(status.syncedObservers)),
            ("pending_syncs", "0"),
            ("outstanding_proposals", String(status.outstandingProposals)),
            ("last_proposal_size", String(statistics.proposalSizeLast)),
            ("max_proposal_size", String(statistics.proposalSizeMax)),
            ("min_proposal_size", String(statistics.proposalSizeMin)),
        ]
        return values
    }

    var dumpText: String {
        var lines = ["SessionTracker dump:"]
        if isPrimary {
            let sets = tracker.expirySets
            let count = sets.reduce(0) { $0 + $1.sessions.count }
            lines.append("Session Sets (\(sets.count))/(\(count)):")
            for set in sets {
                let left = set.deadline - now.monotonicMilliseconds
                let date = CalendarDate.text(milliseconds: now.wallMilliseconds + left)
                lines.append("\(set.sessions.count) expire at \(date):")
                lines += set.sessions.map { "\t\($0)" }
            }
        } else {
            lines.append("Global Sessions(\(sessionTimeouts.count)):")
            lines += sessionTimeouts.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)ms" }
        }
        let owners = tree.ephemeralOwners
        lines.append("ephemeral nodes dump:")
        lines.append("Sessions with Ephemerals (\(owners.count)):")
        for owner in owners {
            lines.append("\(owner):")
            lines += tree.ephemerals(of: owner).map { "\t\($0)" }
        }
        lines.append("Connections dump:")
        lines.append("Connections Sets (1)/(\(connections.count)):")
        for connection in connections.values.sorted(by: { $0.id < $1.id }) {
            let address = AddressCredential.text(of: connection.address)
            lines.append("\tip: /\(address):\(connection.port) sessionId: \(connection.session)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    var watchSummaryText: String {
        let summary = watches.summary
        return "\(summary.watchers) connections watching \(summary.paths) paths\n"
            + "Total watches:\(summary.watches)\n"
    }

    private func session(of watcher: WatcherID) -> SessionID? {
        connections[ConnectionID(watcher.rawValue)]?.session
    }

    var watchesByConnectionText: String {
        watches.pathsByWatcher.map { watcher, paths in
            "\(session(of: watcher) ?? .none)\n" + paths.map { "\t\($0)\n" }.joined()
        }.joined() + "\n"
    }

    var watchesByPathText: String {
        watches.watchersByPath.map { path, watchers in
            "\(path)\n" + watchers.map { "\t\(session(of: $0) ?? .none)\n" }.joined()
        }.joined() + "\n"
    }
}
