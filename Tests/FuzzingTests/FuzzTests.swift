// A short run of each fuzz target, always the same inputs; `make fuzz` goes on with others.

import Fuzzing
import Testing

@Test(arguments: FuzzTarget.all.map(\.name))
func `whatever comes from outside is read or refused`(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    var fuzzing = FuzzRun(target, seed: 7)
    for _ in 0..<400 { fuzzing.step() }
    #expect(fuzzing.count == 400)
    #expect(fuzzing.outcomeCount > 1)
}
