import Mutants
import Simulation
import Testing

// The simulator is not blind: what it is known to notice, it goes on noticing.

/// Where to look for those that few runs show, as `make mutants` finds them.
private let rare: [Mutant: UInt64] = [
    .olderHistoryLeads: 62, .abortedSnapshotKept: 1212, .truncationIgnored: 1604,
    .memoryNotCut: 1604, .proposedChangeNotOffered: 1615, .checksumsIgnored: 1221,
    .laterHistoryRefused: 1207, .movedSessionServed: 29, .missedChangesIgnored: 1602,
]

private func isNoticed(_ mutant: Mutant, _ run: (_ seed: UInt64) -> String?) -> Bool {
    let first = rare[mutant] ?? 1
    return Mutant.$current.withValue(mutant) {
        (first..<first + 100).contains { run($0) != nil }
    }
}

@Test(
    arguments: [
        .epochsIgnored, .emptyServerVotes, .promiseForgotten, .epochForgotten, .halfIsQuorum,
        .looksBeforeFlush, .historyAcknowledgedEarly, .historyLoggedLate, .historyNotFlushed,
        .acknowledgedOutOfOrder, .epochBeforeHistory, .pendingDelivered, .pendingCommitsIgnored,
        .establishedAlone, .appendAcknowledged, .leaderCountsUnsynced, .staleEpochFollowed,
        .recentHistoryWithHole, .registeredLate, .newLeaderFirst,
        .beginningLeftOut, .formerTailForgotten, .strangersCount, .formerEpochTold,
        .olderHistoryLeads, .truncationIgnored, .memoryNotCut,
    ] as [Mutant])
func `a mistake of peers brought in on purpose is noticed`(mutant: Mutant) {
    #expect(isNoticed(mutant) { QuorumSimulation(seed: $0).run() })
    #expect(Mutant.current == nil)
}

@Test(
    arguments: [
        .changeByOldQuorum, .changeByNewQuorum, .snapshotSurvivesTruncation, .logUnsynced,
        .filesWrittenInPlace, .snapshotNamedAhead, .snapshotZxidForgotten, .outstandingAsHistory,
        .lastSeenIgnored, .readsOvertakeWrites, .ephemeralsStay, .activationMissed,
        .failedSyncPassedOver, .missedChangesIgnored, .votesWithDelivered, .abortedSnapshotKept,
        .proposedChangeNotOffered, .checksumsIgnored, .failedPromisePassedOver,
        .laterHistoryRefused, .movedSessionServed,
    ] as [Mutant])
func `a mistake of whole servers brought in on purpose is noticed`(mutant: Mutant) {
    #expect(isNoticed(mutant) { EnsembleSimulation(seed: $0).run() })
}
