import Mutants
import Simulation
import Testing

@Test func `a failing run is made shorter and still breaks the same promise`() throws {
    try Mutant.$current.withValue(.pendingDelivered) {
        let seed = try #require(
            (1...200 as ClosedRange<UInt64>).first {
                SimulationRun(.peers, seed: $0).report().failure != nil
            })
        let run = SimulationRun(.peers, seed: seed)
        let whole = run.report()
        var shrinker = try #require(Shrinker(run, attempts: 40))
        shrinker.shrink()
        #expect(shrinker.report.signature == whole.signature)
        #expect(shrinker.report.misfortunes.count < whole.misfortunes.count)
        // Its limits alone make it again.
        let limits = try #require(RunLimits(shrinker.limits.description))
        #expect(limits == shrinker.limits)
        let again = SimulationRun(.peers, seed: seed, limits: limits).report()
        #expect(again.failure == shrinker.report.failure)
    }
}

@Test func `a run that goes well is not made shorter`() {
    #expect(Shrinker(SimulationRun(.peers, seed: 1)) == nil)
}

@Test(arguments: ["until=x", "without=3-1", "operations=-1", "anything"])
func `limits that are none are refused`(text: String) {
    #expect(RunLimits(text) == nil)
}
