import Simulation
import Testing

@Test(arguments: 1...20 as ClosedRange<UInt64>)
func `whole servers keep their promises to clients whatever happens`(seed: UInt64) {
    let failure = EnsembleSimulation(seed: seed).run()
    #expect(failure == nil)
}
