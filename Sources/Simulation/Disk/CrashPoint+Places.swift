// Where the power can go: each of these places is one in some run of the tests.

extension CrashPoint {
    private static let steps: [(Activity, [(Content, [Step])])] = [
        (
            .starting,
            [
                (.configuration, [.create, .write, .sync, .rename]), (.snapshot, [.remove]),
                (.other, [.makeDirectory, .syncDirectory]),
            ]
        ),
        (
            .recovering,
            [
                (.snapshot, [.create, .write, .sync, .rename]),
                (.log, [.truncate, .sync, .remove]),
                (.other, [.syncDirectory]),
            ]
        ),
        (.logging, [(.log, [.create, .write, .sync]), (.other, [.syncDirectory])]),
        (
            .snapshotting,
            [(.snapshot, [.create, .write, .sync, .rename, .remove]), (.other, [.syncDirectory])]
        ),
        (
            .saving,
            [
                (.snapshot, [.create, .write, .sync, .rename, .remove]), (.log, [.remove]),
                (.other, [.syncDirectory]),
            ]
        ),
        (
            .truncating,
            [
                (.log, [.truncate, .sync, .remove]), (.snapshot, [.remove]),
                (.other, [.syncDirectory]),
            ]
        ),
        (
            .promising,
            [(.epoch, [.create, .write, .sync, .rename, .remove]), (.other, [.syncDirectory])]
        ),
        (.purging, [(.log, [.remove]), (.snapshot, [.remove]), (.other, [.syncDirectory])]),
        (
            .reconfiguring,
            [
                (.configuration, [.create, .write, .sync, .rename, .remove]),
                (.other, [.syncDirectory]),
            ]
        ),
    ]

    /// All places where a server changes its disk, but for one: a start removes what power losses
    /// have left in the folder of zoo.cfg, and no run has come there with the power going once more.
    public static let places: [CrashPoint] = steps.flatMap { activity, steps in
        steps.flatMap { content, steps in steps.map { CrashPoint($0, content, activity) } }
    }
    /// That one.
    public static let untried = CrashPoint(.remove, .configuration, .starting)

    /// A run in which the power goes there, if it comes there.
    ///
    /// History is taken back from a leader that was stranded, and such a one is away for two seconds:
    /// of 80 runs 12 do so in the usual time, and 3 in half of it.
    public func simulation(seed: UInt64) -> EnsembleSimulation {
        EnsembleSimulation(
            seed: seed, chaosTime: activity == .truncating ? nil : 2_500_000, powerGoesAt: self)
    }
}
