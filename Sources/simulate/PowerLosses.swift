import Simulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the power can go, and the first seed with which it does: places that are rare have a seed
/// of their own in the tests, and each change of the misfortunes makes it another.
struct PowerLosses {
    let first: UInt64
    let seedCount: UInt64

    /// Tells of each place; true if the power has gone at all of them, and nothing has failed.
    func run() -> Bool {
        var isWell = true
        for point in CrashPoint.places {
            let seed = (first..<first + seedCount).first { seed in
                let simulation = point.simulation(seed: seed)
                if let failure = simulation.run() {
                    print("\(point): \(failure)")
                    isWell = false
                }
                return simulation.powerLosses[point, default: 0] > 0
            }
            print("\(point): \(seed.map { "\($0)" } ?? "never")")
            fflush(nil)
            if seed == nil { isWell = false }
        }
        return isWell
    }
}
