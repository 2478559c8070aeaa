import Simulation
import Testing

@Test(arguments: 1...150 as ClosedRange<UInt64>)
func `peers keep their promises whatever happens, and recover`(seed: UInt64) {
    let failure = QuorumSimulation(seed: seed).run()
    #expect(failure == nil)
}

@Test func `learners that are far behind are brought up to date from the log on disk`() {
    var counts: [String: Int] = [:]
    for seed in 1000...1024 as ClosedRange<UInt64> {
        let simulation = QuorumSimulation(seed: seed)
        #expect(simulation.run() == nil)
        counts.merge(simulation.counts) { $0 + $1 }
    }
    #expect(counts["log read to its end", default: 0] > 20)
    #expect(counts["log read in part", default: 0] > 20)
    #expect(counts["log not read", default: 0] > 5)
}
