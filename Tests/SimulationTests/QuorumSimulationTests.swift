import Simulation
import Testing

@Test(arguments: 1...300 as ClosedRange<UInt64>)
func `peers keep their promises whatever happens, and recover`(seed: UInt64) {
    let failure = QuorumSimulation(seed: seed).run()
    #expect(failure == nil)
}
