/// A mistake that others have made, brought into our code on purpose, to see whether the simulator
/// notices.
///
/// `isOn` is false, and known to be by the optimizer, in every build but those with the setting
/// `MUTANTS`: debug builds, which the tests are, and what `make mutants` builds. There a mutant is
/// on within the task that asked for it. Documentation/MUTANTS.md says who
/// catches which.
public enum Mutant: String, CaseIterable, Sendable {
    // MARK: Elections and epochs
    /// A leader and its learners are chosen without regard to epochs.
    case epochsIgnored
    /// A leader takes over although a follower has more than it.
    case olderHistoryLeads
    /// Servers vote with what they have delivered, not with what they have logged.
    case votesWithDelivered
    /// A server looks for a leader before its log is synced.
    case looksBeforeFlush
    /// A server without a database votes as if it had an empty one.
    case emptyServerVotes
    /// A promised epoch is not written down.
    case promiseForgotten
    /// The epoch that was entered is not written down.
    case epochForgotten
    /// A leader of an epoch before the promised one is followed.
    case staleEpochFollowed
    /// Half of the voters are enough.
    case halfIsQuorum
    /// Whoever follows counts, voter or not.
    case strangersCount
    /// A leader tells latecomers the epoch that it had before its election, and its followers theirs.
    case formerEpochTold

    // MARK: Synchronization
    /// NEWLEADER is acknowledged before the history is on disk.
    case historyAcknowledgedEarly
    /// History goes to the log only with UPTODATE.
    case historyLoggedLate
    /// NEWLEADER is acknowledged when the history is appended, and not synced.
    case historyNotFlushed
    /// Proposals are acknowledged before NEWLEADER is.
    case acknowledgedOutOfOrder
    /// A snapshot that no NEWLEADER followed stays in memory.
    case abortedSnapshotKept
    /// The epoch is written before the history that belongs to it.
    case epochBeforeHistory
    /// What the leader does not have stays in the log.
    case truncationIgnored
    /// A snapshot that holds what was truncated stays.
    case snapshotSurvivesTruncation
    /// What came by synchronization is missing from the recent history that others are sent.
    case recentHistoryWithHole
    /// UPTODATE delivers what is not committed yet, too.
    case pendingDelivered
    /// What is committed while synchronizing is not noticed.
    case pendingCommitsIgnored
    /// A leader serves before a quorum has its history.
    case establishedAlone
    /// A learner gets live proposals and commits only when it has acknowledged the history.
    case registeredLate
    /// NEWLEADER overtakes the history that it stands for.
    case newLeaderFirst
    /// What is outstanding is sent as history, and thereby as committed.
    case outstandingAsHistory
    /// Who is further behind than memory reaches gets what memory has.
    case beginningLeftOut
    /// What is cut off the log stays in memory.
    case memoryNotCut
    /// What was logged under an earlier leader is not delivered.
    case formerTailForgotten
    /// It is forgotten up to where a leader's snapshot goes.
    case snapshotZxidForgotten

    // MARK: Broadcast
    /// A follower acknowledges what it has appended and not synced.
    case appendAcknowledged
    /// A leader counts its own log before that is synced.
    case leaderCountsUnsynced

    // MARK: Changes of the members
    /// A change needs a quorum of the configuration before it only.
    case changeByOldQuorum
    /// A change needs a quorum of the configuration after it only.
    case changeByNewQuorum
    /// A new leader offers the configuration in force, not the one that its history proposes.
    case proposedChangeNotOffered
    /// A change that comes into force while synchronizing is not noticed.
    case activationMissed

    // MARK: Files
    /// The log is not synced.
    case logUnsynced
    /// The end of a log is read without a look at its checksums.
    case checksumsIgnored
    /// A sync of the log that failed passes for one that did not.
    case failedSyncPassedOver
    /// A snapshot is named after what is logged, and holds what is delivered.
    case snapshotNamedAhead
    /// A small file is written in place, so that half of it may be there.
    case filesWrittenInPlace
    /// A promise about epochs that could not be written passes for one that was.
    case failedPromisePassedOver
    /// History of an epoch that is not written down yet is refused by the next start.
    case laterHistoryRefused

    // MARK: Sessions and the tree
    /// A client that has seen more than this server is let in.
    case lastSeenIgnored
    /// Writes come through a server that the session has left.
    case movedSessionServed
    /// A session's reads do not wait for its writes.
    case readsOvertakeWrites
    /// Watches that a session brings along do not tell of what it has missed.
    case missedChangesIgnored
    /// The ephemerals of a session stay when it ends.
    case ephemeralsStay

    #if MUTANTS
        /// The one that is on in this task.
        @TaskLocal public static var current: Mutant?

        /// Whether the mistake is made.
        public var isOn: Bool { Mutant.current == self }
    #else
        /// Whether the mistake is made: no.
        @inlinable public var isOn: Bool { false }
    #endif
}
