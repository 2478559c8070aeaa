import PlannedChanges
import Simulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Many seeds, on all cores, until a time is over or all are run.
///
/// Each job is a process of its own, with one thread: a seed that ends its process is a failure like
/// another, and what is built for one thread alone is enough (see the Makefile).
struct Campaign {
    var kinds: [SimulationRun.Kind]
    var first: UInt64
    /// How many seeds; nil for as many as fit into the time.
    var seedCount: UInt64?
    var seconds: Int64
    var jobs: Int

    static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// One of them.
    static func run(
        _ kind: SimulationRun.Kind, seed: UInt64, limits: RunLimits = RunLimits()
    ) -> SimulationRun {
        SimulationRun(kind, seed: seed, limits: limits) { PlannedChange(seed: $0) }
    }

    /// Runs them; true if none has failed.
    ///
    /// The seeds go to the jobs in turn: the first one has the first, the one after its last, …
    func run() -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        var passed: Double { (clock.now - start) / .seconds(1) }
        var (seeds, failures, microseconds) = (0, 0, 0 as Int64)
        var nextNews = 60.0
        var running = (0..<jobs).map { begin(job: $0, at: first + UInt64($0), passed) }
        while !running.isEmpty {
            for job in CampaignJob.whoSpeak(of: running) {
                for word in job.hear() {
                    switch word {
                    case .began(let kind, _): seeds += kind == kinds.first ? 1 : 0
                    case .failed(let reason):
                        tell(reason)
                        failures += 1
                    case .ended(let elapsed): microseconds += elapsed
                    }
                }
                guard let ending = job.ending else { continue }
                running.removeAll { $0 === job }
                guard ending != 0 else { continue }
                failures += 1
                guard let last = job.last else {
                    tell("job \(job.number) ends with \(ending) before its first seed")
                    continue
                }
                tell("\(last.kind) seed \(last.seed): its process ends with \(ending)")
                running.append(begin(job: job.number, at: last.seed + UInt64(jobs), passed))
            }
            if passed >= nextNews {
                tell("\(seeds) seeds in \(Int(passed)) s, \(failures) failures")
                nextNews = passed + 60
            }
        }
        if let seedCount, seeds != seedCount {
            tell("\(seeds) of \(seedCount) seeds were run")
            failures += 1
        }
        let hours = Double(microseconds) / 3_600_000_000
        tell(
            "\(seeds) seeds from \(first) in \(Int(passed)) s with \(jobs) jobs,"
                + " \(failures) failures; \(tenths(hours)) simulated hours,"
                + " \(tenths(hours * 3600 / passed)) per hour")
        return failures == 0
    }

    /// A line for who waits, also where it goes to a file.
    private func tell(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// A job that begins with a seed.
    private func begin(job: Int, at seed: UInt64, _ passed: Double) -> CampaignJob {
        var words = kinds.map { "--\($0)" } + ["--step", "\(jobs)", "--first", "\(seed)"]
        if let seedCount {
            // Those of them that it will come to.
            let end = first + seedCount
            let count = seed < end ? (end - seed + UInt64(jobs) - 1) / UInt64(jobs) : 0
            words += ["--seeds", "\(count)"]
        } else {
            words += ["--seconds", "\(max(0, seconds - Int64(passed)))"]
        }
        return CampaignJob(job, words)
    }

    private func tenths(_ number: Double) -> String {
        let tenths = Int(number * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
