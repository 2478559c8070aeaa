import Simulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs simulations: one seed with a trace, or as many as fit in a time.
@main
struct Simulate {
    static func main() {
        var seed: UInt64?
        var first: UInt64 = 1
        var seconds: Int64 = 10
        var isTraced = false
        var isWhole = true
        var isPeers = true
        var arguments = Array(CommandLine.arguments.dropFirst())[...]
        while let argument = arguments.popFirst() {
            switch argument {
            case "--seed": seed = arguments.popFirst().flatMap(UInt64.init)
            case "--first": first = arguments.popFirst().flatMap(UInt64.init) ?? first
            case "--seconds": seconds = arguments.popFirst().flatMap(Int64.init) ?? seconds
            case "--trace": isTraced = true
            case "--peers": isWhole = false
            case "--ensemble": isPeers = false
            case "--mutant":
                let name = arguments.popFirst() ?? ""
                let count = arguments.popFirst().flatMap { Int($0) } ?? 400
                exit(MutantHunt(name: name, first: first, seedCount: count).run())
            default:
                print(
                    "usage: simulate [--peers | --ensemble] [--seed N [--trace]] [--seconds S] [--first N]\n"
                        + "       simulate [--first N] --mutant NAME [SEEDS]"
                )
                return
            }
        }
        if let seed {
            if isPeers { runPeers(seed, isTraced: isTraced) }
            if isWhole { runEnsemble(seed, isTraced: isTraced) }
            return
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var next = first
        var failures = 0
        while clock.now < end {
            let peers = isPeers ? QuorumSimulation(seed: next).run() : nil
            let whole = isWhole ? EnsembleSimulation(seed: next).run() : nil
            for failure in [peers, whole].compactMap({ $0 }) {
                print(failure)
                failures += 1
            }
            next += 1
        }
        print("\(next - first) seeds from \(first), \(failures) failures")
        if failures > 0 { exit(1) }
    }

    private static func runPeers(_ seed: UInt64, isTraced: Bool) {
        var options = QuorumSimulation.Options()
        options.isTraced = isTraced
        let simulation = QuorumSimulation(seed: seed, options: options)
        print(simulation.run() ?? "peers, seed \(seed): all well")
        print(simulation.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    }

    private static func runEnsemble(_ seed: UInt64, isTraced: Bool) {
        let simulation = EnsembleSimulation(seed: seed, isTraced: isTraced)
        print(simulation.run() ?? "ensemble, seed \(seed): all well")
        print(simulation.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    }
}
