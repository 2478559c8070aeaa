import PlannedChanges
import Simulation
import Testing

@Suite("Planned changes in the simulator")
struct PlannedChangeTests {
    @Test(
        "three, five, three, one, three, every server replaced and a promoted observer, come what may",
        arguments: 1...12 as ClosedRange<UInt64>)
    func changesConverge(seed: UInt64) {
        let change = PlannedChange(seed: seed)
        let simulation = EnsembleSimulation(seed: seed, operator: change)
        let failure = simulation.run()
        #expect(failure == nil)
        #expect(change.complaint == nil)
        #expect(change.deathCount > 0)
        #expect(change.replacedLeaders + change.replacedFollowers == 3)
        #expect(simulation.counts["step reconfigure", default: 0] >= 16)
        #expect(!simulation.misfortunes.isEmpty)
        // Each holds the whole tree: with all of them one run took gigabytes. A crash may bring a few
        // back that were removed.
        #expect(simulation.snapshotCount <= 12)
    }

    @Test("what an operator complains of fails the run")
    func complaint() throws {
        final class Grumbler: SimulatedOperator {
            let complaint: String? = "nobody listens"
            func decide(_ view: SimulatedEnsembleView) -> SimulatedStep? { nil }
            func acknowledged() {}
        }
        let failure = EnsembleSimulation(seed: 1, chaosTime: 500_000, operator: Grumbler()).run()
        #expect(try #require(failure).contains("nobody listens"))
    }
}
