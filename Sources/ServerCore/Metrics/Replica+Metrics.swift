import Jute
import Quorum
import Records
import Tree

// What the replica measures as it works, and all of it put together for monitors.

extension Replica {
    /// Measures a transaction that has been applied.
    func measure(_ transaction: Transaction) {
        // The time is another server's, and may be any: beyond a day it is no latency.
        let (elapsed, overflow) = now.wallMilliseconds.subtractingReportingOverflow(
            transaction.header.time)
        let sinceProposed = overflow ? 0 : min(max(0, elapsed), 86_400_000)
        metrics.record(.propagationLatency, sinceProposed)
        switch role {
        case .standalone: metrics.add(.outstandingChangesRemoved)
        case .leading:
            metrics.add(.outstandingChangesRemoved)
            metrics.add(.requestCommitQueued)
            metrics.add(.commitCount)
            metrics.record(.proposalLatency, sinceProposed)
            metrics.record(.quorumAckLatency, sinceProposed)
        case .following, .observing:
            metrics.add(.requestCommitQueued)
            metrics.add(.learnerCommitReceivedCount)
            metrics.record(.commitPropagationLatency, sinceProposed)
        case .looking, .failed: break
        }
        measureWrite(transaction.body)
    }

    private func measureWrite(_ body: TransactionBody) {
        switch body {
        case .create(let create):
            metrics.recordWrite(
                create.path.bytes.rawSpan, create.path.bytes.count + (create.data?.count ?? 0))
        case .setData(let path, let data, _):
            metrics.recordWrite(path.bytes.rawSpan, path.bytes.count + (data?.count ?? 0))
        case .delete(let path, _): metrics.recordWrite(path.bytes.rawSpan, path.bytes.count)
        case .multi(let bodies): for body in bodies { measureWrite(body) }
        default: break
        }
    }

    /// Measures a read: the path, the data or the names of children, and the stat, which Apache
    /// ZooKeeper counts even where it is not sent.
    @inline(__always)
    func measureRead(
        _ path: RawSpan, _ index: ZnodeIndex, _ registry: WatchRegistry, _ size: Int
    ) {
        if registry == .data {
            return metrics.recordRead(path, path.byteCount + size - 4)
        }
        let count = tree.childCount(of: index)
        // The count and the lengths of the names do not count.
        metrics.recordRead(path, path.byteCount + size - 4 - 4 * count)
    }

    /// What `srst` does.
    func resetStatistics() {
        statistics.reset()
        metrics.reset()
    }

    /// Entries of the log have become durable in one sync.
    public func measuredSync(entryCount: Int, milliseconds: Int64) {
        metrics.record(.fsynctime, milliseconds)
        metrics.record(.syncProcessTime, milliseconds)
        metrics.record(.syncProcessorQueueFlushTimeMs, milliseconds)
        metrics.record(.syncProcessorBatchSize, Int64(entryCount))
        guard milliseconds > settings.slowSyncMilliseconds else { return }
        statistics.slowSyncs += 1
        log(
            .warning,
            "fsync-ing the write ahead log in \(milliseconds) ms will adversely affect operation "
                + "latency: the disk is slow, or others use it")
    }

    /// Everything that monitors want to know.
    public func metricSamples(_ now: Moment) -> [MetricSample] {
        self.now = now
        return samples
    }

    var samples: [MetricSample] {
        [
            MetricSample("version", .text(settings.description.version)),
            MetricSample("server_state", .text(modeName)),
        ] + peerSamples + gaugeSamples + metrics.samples + quotaSamples
            + settings.description.processFigures().map {
                MetricSample($0.key, .decimal($0.value))
            } + leaderSamples
    }

    private var peerSamples: [MetricSample] {
        guard let peer else { return [] }
        let status = peer.status
        var samples = [
            MetricSample("peer_state", .text(peerState ?? "")),
            MetricSample("quorum_size", .gauge(Int64(membership.voters.count))),
        ]
        if case .observing(let leader) = role {
            let master = status.master ?? leader
            samples.append(MetricSample("observer_master_id", .gauge(master.rawValue)))
        }
        if case .following = role, peer.settings.observerMasterPort != nil {
            let count = Int64(status.syncedObservers)
            samples.append(MetricSample("synced_observers", .gauge(count)))
        }
        return samples
    }

    private var gaugeSamples: [MetricSample] {
        let latency = statistics.latency, sizes = statistics.replySize
        func gauge(_ name: String, _ value: some BinaryInteger) -> MetricSample {
            MetricSample(name, .gauge(Int64(truncatingIfNeeded: value)))
        }
        return [
            MetricSample("avg_latency", .decimal(latency.average)),
            gauge("max_latency", latency.greatest),
            gauge("min_latency", latency.minimum),
            gauge("packets_received", statistics.packetsReceived),
            gauge("packets_sent", statistics.packetsSent),
            gauge("num_alive_connections", connections.count),
            gauge("outstanding_requests", outstandingCount),
            gauge("uptime", now.monotonicMilliseconds - startedAt),
            gauge("znode_count", tree.nodeCount),
            gauge("watch_count", watches.count),
            gauge("ephemerals_count", tree.ephemeralCount),
            gauge("approximate_data_size", tree.approximateDataSize),
            gauge("global_sessions", sessionTimeouts.count),
            gauge("local_sessions", localSessions.sessions.count),
            MetricSample("connection_drop_probability", .decimal("0.0")),
            gauge("last_client_response_size", sizes.last),
            gauge("max_client_response_size", sizes.max),
            gauge("min_client_response_size", sizes.min),
            gauge("outstanding_tls_handshake", metrics.outstandingHandshakes),
            gauge("auth_failed_count", statistics.authenticationFailures),
            gauge("non_mtls_remote_conn_count", statistics.nonMutualRemote),
            gauge("non_mtls_local_conn_count", statistics.nonMutualLocal),
        ]
    }

    private var leaderSamples: [MetricSample] {
        guard let status = peer?.status, case .leading = role else { return [] }
        let learners =
            status.syncedFollowers + status.syncedNonVotingFollowers + status.syncedObservers
            + status.pendingLearners
        let sizes = statistics.proposalSize
        let values: [(String, Int64)] = [
            ("learners", Int64(learners)), ("followers", Int64(status.syncedFollowers)),
            ("synced_followers", Int64(status.syncedFollowers)),
            ("synced_non_voting_followers", Int64(status.syncedNonVotingFollowers)),
            ("synced_observers", Int64(status.syncedObservers)),
            ("pending_syncs", Int64(status.pendingSyncs)),
            ("leader_uptime", now.monotonicMilliseconds - roleSince),
            ("outstanding_proposals", Int64(status.outstandingProposals)),
            ("last_proposal_size", sizes.last), ("max_proposal_size", sizes.max),
            ("min_proposal_size", sizes.min),
        ]
        return values.map { MetricSample($0.0, .gauge($0.1)) }
    }
}

extension TreeEvent.Kind {
    var watchMetric: SummaryMetric {
        switch self {
        case .created: .nodeCreatedWatchCount
        case .deleted: .nodeDeletedWatchCount
        case .dataChanged: .nodeChangedWatchCount
        case .childrenChanged: .nodeChildrenWatchCount
        }
    }
}
