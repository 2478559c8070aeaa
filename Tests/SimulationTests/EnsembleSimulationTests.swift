import Simulation
import Testing

@Test(arguments: 1...30 as ClosedRange<UInt64>)
func `whole servers keep their promises to clients whatever happens`(seed: UInt64) {
    let failure = EnsembleSimulation(seed: seed).run()
    #expect(failure == nil)
}

@Test func `whole servers that are far behind are brought up to date from the log on disk`() {
    // About two in a run, and none at all in some.
    let wanted = ["log read to its end", "log read in part"]
    var counts: [String: Int] = [:]
    for seed in 1000...1019 as ClosedRange<UInt64> {
        let simulation = EnsembleSimulation(seed: seed)
        #expect(simulation.run() == nil)
        counts.merge(simulation.counts) { $0 + $1 }
        if wanted.allSatisfy({ counts[$0, default: 0] > 5 }) { break }
    }
    for name in wanted { #expect(counts[name, default: 0] > 5, "\(name)") }
}

@Test func `members come and go in every second run`() {
    var counts: [String: Int] = [:]
    for seed in 2000...2011 as ClosedRange<UInt64> {
        let simulation = EnsembleSimulation(seed: seed)
        #expect(simulation.run() == nil)
        counts.merge(simulation.counts) { $0 + $1 }
    }
    #expect(counts["reconfig 0", default: 0] > 20)
}
