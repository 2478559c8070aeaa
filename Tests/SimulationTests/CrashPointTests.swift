import Simulation
import Testing

// Every change of logs, snapshots, epoch files and files about the members is a place where the
// power has gone in some run, and all was well afterwards.

/// Those that a run seldom comes to, as `simulate --power-losses --first 5000` finds them.
private let rare: [CrashPoint: UInt64] = [
    CrashPoint(.remove, .snapshot, .starting): 5043,
    CrashPoint(.truncate, .log, .recovering): 5037,
    CrashPoint(.sync, .log, .recovering): 5037,
    CrashPoint(.remove, .log, .recovering): 5179,
    CrashPoint(.remove, .snapshot, .snapshotting): 5046,
    CrashPoint(.truncate, .log, .truncating): 5038,
    CrashPoint(.sync, .log, .truncating): 5038,
    CrashPoint(.remove, .log, .truncating): 5040,
    CrashPoint(.remove, .snapshot, .truncating): 5038,
    CrashPoint(.syncDirectory, .other, .truncating): 5038,
]

@Test func `the power has gone at every place where a disk is changed`() {
    var losses: [CrashPoint: Int] = [:]
    var changes: Set<CrashPoint> = []
    func run(_ seed: UInt64, _ point: CrashPoint) {
        let simulation = point.simulation(seed: seed)
        simulation.noteChanges()
        #expect(simulation.run() == nil)
        losses.merge(simulation.powerLosses) { $0 + $1 }
        changes.formUnion(simulation.changes)
    }
    for (point, seed) in rare { run(seed, point) }
    for point in CrashPoint.places {
        for seed in 5000..<5020 as Range<UInt64> where losses[point] == nil { run(seed, point) }
    }
    for point in CrashPoint.places { #expect(losses[point, default: 0] > 0, "\(point)") }
    #expect(changes.subtracting(CrashPoint.places) == [], "a disk is changed in other places, too")
}
