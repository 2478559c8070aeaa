// Where the power can go: each of these places is one in some run of the tests.

extension CrashPoint {
    /// A file is replaced whole; where that fails, what has been begun is taken away.
    private static let replacing: [Step] = [.create, .write, .sync, .rename, .remove]

    private static let steps: [(Activity, [(Content, [Step])])] = [
        (
            .starting,
            [
                (.backup, replacing), (.snapshot, [.remove]),
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
        (.preallocating, [(.log, [.write, .sync])]),
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
            [
                (.acceptedEpoch, replacing), (.currentEpoch, replacing),
                (.other, [.syncDirectory]),
            ]
        ),
        (.purging, [(.log, [.remove]), (.snapshot, [.remove]), (.other, [.syncDirectory])]),
        (
            .reconfiguring,
            [
                (.configuration, replacing), (.members, replacing), (.proposal, replacing),
                (.other, [.syncDirectory]),
            ]
        ),
    ]

    /// All places where a server changes its disk.
    public static let places: [CrashPoint] = steps.flatMap { activity, steps in
        steps.flatMap { content, steps in steps.map { CrashPoint($0, content, activity) } }
    }

    /// Whether a server comes there only when it has failed to write the file.
    var followsFailure: Bool {
        guard step == .remove else { return false }
        switch content {
        case .acceptedEpoch, .currentEpoch, .configuration, .backup, .members: return true
        case .log, .snapshot, .proposal, .other: return false
        }
    }

    /// A run in which the power goes there, if it comes there.
    ///
    /// History is taken back from a leader that was stranded, and such a one is away for two seconds:
    /// of 80 runs 12 do so in the usual time, and 3 in half of it.
    public func simulation(seed: UInt64) -> EnsembleSimulation {
        EnsembleSimulation(
            seed: seed, chaosTime: activity == .truncating ? nil : 2_500_000, powerGoesAt: self)
    }
}
