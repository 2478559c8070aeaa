import PlannedChanges
import Simulation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Many seeds, on all cores, until a time is over or all are run.
struct Campaign: Sendable {
    var kinds: [SimulationRun.Kind]
    var first: UInt64
    /// How many seeds; nil for as many as fit into the time.
    var seedCount: UInt64?
    var seconds: Int64
    var jobs: Int

    /// What all jobs share.
    private final class Progress: Sendable {
        let next: Atomic<UInt64>
        let failures = Atomic<Int>(0)
        let simulated = Atomic<Int64>(0)

        init(first: UInt64) { next = Atomic(first) }
    }

    static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// One of them.
    static func run(
        _ kind: SimulationRun.Kind, seed: UInt64, limits: RunLimits = RunLimits()
    ) -> SimulationRun {
        SimulationRun(kind, seed: seed, limits: limits) { PlannedChange(seed: $0) }
    }

    /// Runs them; true if none has failed.
    func run() async -> Bool {
        let progress = Progress(first: first)
        let clock = ContinuousClock()
        let start = clock.now
        let end = seedCount == nil ? start + .seconds(seconds) : nil
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<jobs {
                group.addTask { work(progress, until: end) }
            }
        }
        let took = (clock.now - start) / .seconds(1)
        let count = progress.next.load(ordering: .relaxed) - first
        let hours = Double(progress.simulated.load(ordering: .relaxed)) / 3_600_000_000
        let failures = progress.failures.load(ordering: .relaxed)
        print(
            "\(count) seeds from \(first) in \(Int(took)) s with \(jobs) jobs, \(failures) failures;"
                + " \(tenths(hours)) simulated hours, \(tenths(hours * 3600 / took)) per hour")
        return failures == 0
    }

    private func work(_ progress: Progress, until end: ContinuousClock.Instant?) {
        while true {
            if let end, ContinuousClock.now >= end { return }
            let seed = progress.next.wrappingAdd(1, ordering: .relaxed).oldValue
            if let seedCount, seed >= first + seedCount {
                progress.next.wrappingSubtract(1, ordering: .relaxed)
                return
            }
            for kind in kinds {
                let report = Campaign.run(kind, seed: seed).report()
                progress.simulated.wrappingAdd(report.elapsed, ordering: .relaxed)
                guard let failure = report.failure else { continue }
                print(failure)
                progress.failures.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }

    private func tenths(_ number: Double) -> String {
        let tenths = Int(number * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
