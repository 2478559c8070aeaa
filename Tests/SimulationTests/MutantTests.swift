import Mutants
import Simulation
import Testing

// The simulator is not blind: what it is known to notice within a few seeds, it goes on noticing.

@Test(
    arguments: [
        .epochsIgnored, .emptyServerVotes, .promiseForgotten, .epochForgotten, .halfIsQuorum,
        .epochBeforeHistory, .appendAcknowledged, .leaderCountsUnsynced,
    ] as [Mutant])
func `a mistake brought in on purpose is noticed`(mutant: Mutant) {
    let noticed = Mutant.$current.withValue(mutant) {
        (1...60 as ClosedRange<UInt64>).contains { QuorumSimulation(seed: $0).run() != nil }
    }
    #expect(noticed)
    #expect(Mutant.current == nil)
}
