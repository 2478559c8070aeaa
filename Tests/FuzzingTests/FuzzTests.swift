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

/// What cannot be told apart from being let go would be read nowhere.
@Test(arguments: ["learner-packets", "observer-packets"])
func `what learners say is heard to its end`(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let outcomes = target.seeds.map(target.run)
    #expect(!outcomes.contains(FuzzTarget.isLetGo))
}
