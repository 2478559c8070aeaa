import Mutants
import Simulation
import Testing

// The simulator is not blind: what it is known to notice within a few seeds, it goes on noticing.

@Test(
    arguments: [
        .epochsIgnored, .emptyServerVotes, .promiseForgotten, .epochForgotten, .halfIsQuorum,
        .looksBeforeFlush, .historyAcknowledgedEarly, .historyLoggedLate, .historyNotFlushed,
        .acknowledgedOutOfOrder, .epochBeforeHistory, .pendingDelivered, .pendingCommitsIgnored,
        .establishedAlone, .appendAcknowledged, .leaderCountsUnsynced, .staleEpochFollowed,
        .recentHistoryWithHole, .registeredLate, .newLeaderFirst,
        .beginningLeftOut, .formerTailForgotten, .strangersCount, .formerEpochTold,
    ] as [Mutant])
func `a mistake of peers brought in on purpose is noticed`(mutant: Mutant) {
    let noticed = Mutant.$current.withValue(mutant) {
        (1...100 as ClosedRange<UInt64>).contains { QuorumSimulation(seed: $0).run() != nil }
    }
    #expect(noticed)
    #expect(Mutant.current == nil)
}

@Test(
    arguments: [
        .changeByOldQuorum, .changeByNewQuorum, .snapshotSurvivesTruncation, .logUnsynced,
        .filesWrittenInPlace, .snapshotNamedAhead, .snapshotZxidForgotten, .outstandingAsHistory,
        .lastSeenIgnored, .readsOvertakeWrites, .ephemeralsStay, .activationMissed,
        .failedSyncPassedOver, .missedChangesIgnored,
    ] as [Mutant])
func `a mistake of whole servers brought in on purpose is noticed`(mutant: Mutant) {
    let noticed = Mutant.$current.withValue(mutant) {
        (1...100 as ClosedRange<UInt64>).contains { EnsembleSimulation(seed: $0).run() != nil }
    }
    #expect(noticed)
}
