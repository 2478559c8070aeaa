import Simulation

/// Runs simulations: one seed with a trace, or as many as fit in a time.
@main
struct Simulate {
    static func main() {
        var seed: UInt64?
        var first: UInt64 = 1
        var seconds: Int64 = 10
        var isTraced = false
        var arguments = Array(CommandLine.arguments.dropFirst())[...]
        while let argument = arguments.popFirst() {
            switch argument {
            case "--seed": seed = arguments.popFirst().flatMap(UInt64.init)
            case "--first": first = arguments.popFirst().flatMap(UInt64.init) ?? first
            case "--seconds": seconds = arguments.popFirst().flatMap(Int64.init) ?? seconds
            case "--trace": isTraced = true
            default:
                print("usage: simulate [--seed N [--trace]] [--seconds S] [--first N]")
                return
            }
        }
        if let seed {
            var options = QuorumSimulation.Options()
            options.isTraced = isTraced
            let simulation = QuorumSimulation(seed: seed, options: options)
            print(simulation.run() ?? "seed \(seed): all well")
            print(simulation.counts.sorted { $0.key < $1.key })
            return
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var next = first
        var failures = 0
        while clock.now < end {
            if let failure = QuorumSimulation(seed: next).run() {
                print(failure)
                failures += 1
            }
            next += 1
        }
        print("\(next - first) seeds from \(first), \(failures) failures")
    }
}
