import Simulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs simulations: one seed, told or made short, or as many as fit in a time.
@main
struct Simulate {
    private static let usage = """
        usage: simulate [--peers | --ensemble | --planned] [--first N] [--seconds S | --seeds N]
                        [--jobs N]
               simulate [--peers | --ensemble | --planned] --seed N [--trace | --shrink] [--limits TEXT]
               simulate [--first N] --mutant NAME [SEEDS]
               simulate [--first N] [--seeds N] --power-losses
        """
    private static let everyKind: [SimulationRun.Kind] = [.peers, .ensemble, .planned]

    private var seed: UInt64?
    private var limits = RunLimits()
    private var isTraced = false
    private var isShrunk = false
    private var wantsPowerLosses = false
    private var mutant: (name: String, seedCount: Int)?
    /// In a process of a campaign: how far its seeds are from each other.
    private var step: UInt64?
    private var campaign = Campaign(
        kinds: [], first: 1, seedCount: nil, seconds: 10, jobs: Campaign.coreCount)

    static func main() {
        var program = Simulate()
        guard program.read(CommandLine.arguments.dropFirst()) else {
            print(usage)
            exit(2)
        }
        if program.campaign.kinds.isEmpty { program.campaign.kinds = everyKind }
        exit(program.run())
    }

    /// Reads the arguments; false if they are none.
    private mutating func read(_ given: ArraySlice<String>) -> Bool {
        var arguments = given
        while let argument = arguments.popFirst() {
            switch argument {
            case "--trace": isTraced = true
            case "--shrink": isShrunk = true
            case "--power-losses": wantsPowerLosses = true
            case "--peers": campaign.kinds.append(.peers)
            case "--ensemble": campaign.kinds.append(.ensemble)
            case "--planned": campaign.kinds.append(.planned)
            default:
                let value = arguments.popFirst() ?? ""
                guard set(argument, value) else { return false }
                if argument == "--mutant", let count = arguments.first.flatMap({ Int($0) }) {
                    mutant?.seedCount = count
                    arguments.removeFirst()
                }
            }
        }
        return true
    }

    private mutating func set(_ option: String, _ value: String) -> Bool {
        switch option {
        case "--mutant": mutant = (value, 400)
        case "--limits":
            guard let limits = RunLimits(value) else { return false }
            self.limits = limits
        default:
            guard let number = UInt32(value) else { return false }
            switch option {
            case "--seed": seed = UInt64(number)
            case "--first": campaign.first = UInt64(number)
            case "--seeds": campaign.seedCount = UInt64(number)
            case "--seconds": campaign.seconds = Int64(number)
            case "--jobs": campaign.jobs = max(1, Int(number))
            case "--step": step = UInt64(number)
            default: return false
            }
        }
        return true
    }

    /// The exit code.
    private func run() -> Int32 {
        if let mutant {
            return MutantHunt(
                name: mutant.name, first: campaign.first, seedCount: mutant.seedCount
            ).run()
        }
        if wantsPowerLosses {
            let count = campaign.seedCount ?? 400
            return PowerLosses(first: campaign.first, seedCount: count).run() ? 0 : 1
        }
        if let step { return campaign.work(step: step) ? 0 : 1 }
        guard let seed else { return campaign.run() ? 0 : 1 }
        var isWell = true
        for kind in campaign.kinds {
            let run = Campaign.run(kind, seed: seed, limits: limits)
            isWell = (isShrunk ? shrink(run) : tell(run)) && isWell
        }
        return isWell ? 0 : 1
    }

    /// One run, and what happened in it; true if all went well.
    private func tell(_ run: SimulationRun) -> Bool {
        let report = run.report(isTraced: isTraced)
        print(report.failure ?? "\(run.kind), seed \(run.seed): all well")
        print(report.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        return report.failure == nil
    }

    /// The shortest run that fails the same way; true if it does not fail.
    private func shrink(_ run: SimulationRun) -> Bool {
        guard var shrinker = Shrinker(run) else {
            print("\(run.kind), seed \(run.seed): all well")
            return true
        }
        print("\(shrinker.report.failure ?? "")\n\(size(shrinker.report)); making it shorter")
        shrinker.shrink()
        print("\(shrinker.report.failure ?? "")\n\(size(shrinker.report)):")
        for (number, fault, time) in shrinker.report.misfortunes {
            print("    \(time) us, misfortune \(number): \(fault)")
        }
        print(
            "told by: simulate --\(run.kind) --seed \(run.seed) --limits '\(shrinker.limits)'"
                + " --trace")
        return false
    }

    private func size(_ report: SimulationRun.Report) -> String {
        "\(report.misfortunes.count) misfortunes, \(report.operationCount) operations,"
            + " \(report.elapsed) us"
    }
}
