import Simulation
import Testing

// Misfortunes that come about in some runs only: that they do, and that all is well afterwards.

private let seeds: ClosedRange<UInt64> = 3014...3038

@Test func `damaged disks, stranded leaders and repeated words are met with`() {
    var counts: [String: Int] = [:]
    for seed in seeds {
        let simulation = EnsembleSimulation(seed: seed)
        #expect(simulation.run() == nil)
        counts.merge(simulation.counts) { $0 + $1 }
    }
    #expect(counts["flipped bits", default: 0] > 2)
    #expect(counts["misdirected", default: 0] > 2)
    #expect(counts["disk replaced", default: 0] > 0)
    #expect(counts["full disk", default: 0] > 5)
    #expect(counts["stranded", default: 0] > 5)
    #expect(counts["echoed", default: 0] > 20)
    #expect(counts["repeated", default: 0] > 20)
}
