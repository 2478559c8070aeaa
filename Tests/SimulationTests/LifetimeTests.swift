import PlannedChanges
import Testing

@testable import Simulation

// Thousands of runs follow each other in one process: nothing of one may outlive it.

private final class Remains {
    weak var simulation: EnsembleSimulation?
    private struct Rest {
        weak var server: SimulatedServer?
        weak var fileSystem: SimulatedFileSystem?
    }
    private var rests: [Rest] = []

    /// Runs it, and looks at what it was made of.
    init(_ run: EnsembleSimulation) {
        simulation = run
        _ = run.run()
        rests = run.servers.map { Rest(server: $0, fileSystem: $0.fileSystem) }
    }

    var isEmpty: Bool {
        simulation == nil && rests.allSatisfy { $0.server == nil && $0.fileSystem == nil }
    }
}

@Test(arguments: 1...4 as ClosedRange<UInt64>)
func `nothing of a run of whole servers outlives it`(seed: UInt64) {
    let remains = Remains(EnsembleSimulation(seed: seed, chaosTime: 1_000_000))
    #expect(remains.isEmpty)
}

@Test func `nothing of a planned change outlives it`() {
    let remains = Remains(EnsembleSimulation(seed: 1, operator: PlannedChange(seed: 1)))
    #expect(remains.isEmpty)
}

@Test func `nothing of a run of peers outlives it`() {
    weak var simulation: QuorumSimulation?
    do {
        let run = QuorumSimulation(seed: 1)
        _ = run.run()
        simulation = run
    }
    #expect(simulation == nil)
}
