// The names under which Apache ZooKeeper 3.9 counts, so that dashboards and alerts go on working:
// what a case is called, in words joined by underscores. Those that stand for a part of its
// machinery that has no counterpart here stay 0.

/// What is only ever counted up.
public enum CounterMetric: Int, CaseIterable, Sendable {
    case addDeadWatcherStallTime, bytesReceivedCount, cnxnClosedWithoutZkServerRunning,
        commitCount, connectionDropCount, connectionRejected, connectionRequestCount,
        connectionRevalidateCount, deadWatchersCleared, deadWatchersQueued, diffCount,
        digestMismatchesCount, ensembleAuthFail, ensembleAuthSkip, ensembleAuthSuccess,
        insecureAdminCount, largeRequestsRejected, learnerCommitReceivedCount,
        learnerProposalReceivedCount, lookingCount, outstandingChangesQueued,
        outstandingChangesRemoved, prepProcessorRequestQueued, proposalCount,
        quitLeadingDueToDisloyalVoter, requestCommitQueued, requestThrottleWaitCount,
        requestsNotForwardedToCommitProcessor, responseBytes, responsePacketCacheHits,
        responsePacketCacheMisses, responsePacketGetChildrenCacheHits,
        responsePacketGetChildrenCacheMisses, restoreErrorCount, restoreRateLimitedCount,
        revalidateCount, sessionlessConnectionsExpired, skipLearnerRequestToNextProcessorCount,
        snapCount, snapshotErrorCount, snapshotRateLimitedCount, staleReplies, staleRequests,
        staleRequestsDropped, staleSessionsExpired, syncProcessorRequestQueued, throttledOps,
        tlsHandshakeExceeded, unrecoverableErrorCount, unsuccessfulHandshake, watchBytes
}

/// What is measured again and again: its number, sum, least and greatest are kept.
public enum SummaryMetric: Int, CaseIterable, Sendable {
    case commitCommitProcReqQueued, commitProcessTime,
        concurrentRequestProcessingInCommitProcessor, connectionTokenDeficit, dbinittime,
        electionTime, followerSyncTime, fsynctime, inflightDiffCount, inflightSnapCount,
        leaderUnavailableTime, learnerRequestProcessorQueueSize, nettyQueuedBufferCapacity,
        nodeChangedWatchCount, nodeChildrenWatchCount, nodeCreatedWatchCount,
        nodeDeletedWatchCount, observerSyncTime, pendingSessionQueueSize, prepProcessTime,
        prepProcessorQueueSize, proposalProcessTime, readCommitProcIssued,
        readCommitProcReqQueued, readsAfterWriteInSessionQueue, readsIssuedFromSessionQueue,
        requestsInSessionQueue, restoreTime, sessionQueuesDrained, snapshottime,
        socketClosingTime, startupSnapLoadTime, startupTxnsLoadTime, startupTxnsLoaded,
        syncProcessTime, syncProcessorBatchSize, syncProcessorQueueSize,
        timeWaitingEmptyPoolInCommitProcessorReadMs, unavailableTime,
        writeBatchTimeInCommitProcessor, writeCommitProcIssued, writeCommitProcReqQueued

    // From here on with percentiles.
    case closeSessionPrepTime, commitPropagationLatency, deadWatchersCleanerLatency,
        jvmPauseTimeMs, localWriteCommittedTimeMs, omCommitProcessTimeMs,
        omProposalProcessTimeMs, prepProcessorQueueTimeMs, propagationLatency,
        proposalAckCreationLatency, proposalLatency, quorumAckLatency, readCommitprocTimeMs,
        readFinalProcTimeMs, readlatency, requestThrottleQueueTimeMs, serverWriteCommittedTimeMs,
        syncProcessorQueueAndFlushTimeMs, syncProcessorQueueFlushTimeMs,
        syncProcessorQueueTimeMs, updatelatency, writeCommitprocTimeMs, writeFinalProcTimeMs

    /// Whether samples are kept for percentiles.
    var hasPercentiles: Bool { rawValue >= SummaryMetric.closeSessionPrepTime.rawValue }
}

/// A metric's name as monitors know it.
enum MetricName {
    /// `bytesReceivedCount` is `bytes_received_count`.
    static func of(_ metric: some RawRepresentable<Int>) -> String {
        var name = ""
        for letter in String(describing: metric) {
            name += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
        return name
    }

    static let counters = CounterMetric.allCases.map(of)
    static let summaries = SummaryMetric.allCases.map(of)
}
