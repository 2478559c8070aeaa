import Records
import Simulation

/// Runs one target on inputs that a seed decides.
public struct FuzzRun {
    private static let poolMax = 2000

    private let target: FuzzTarget
    private var mutator: Mutator
    private var pool: [[UInt8]]
    private var outcomes: Set<Int> = []

    /// How many inputs have been read.
    public private(set) var count = 0

    /// The inputs of a seed.
    public init(_ target: FuzzTarget, seed: UInt64) {
        self.target = target
        self.mutator = Mutator(random: SeededGenerator(seed: seed))
        self.pool = target.seeds
    }

    /// How many different ways through the decoder have been seen.
    public var outcomeCount: Int { outcomes.count }

    /// Reads the next input; `willRun` sees it before, so that it is known should it be the last.
    public mutating func step(_ willRun: ([UInt8]) -> Void = { _ in }) {
        let isSeed = count < target.seeds.count
        let base = pool[isSeed ? count : mutator.random.below(pool.count)]
        let input = isSeed ? base : mutator.mutate(base, with: pool)
        count += 1
        willRun(input)
        guard outcomes.insert(target.run(input)).inserted, !isSeed else { return }
        if pool.count < FuzzRun.poolMax {
            pool.append(input)
        } else {
            pool[target.seeds.count + mutator.random.below(pool.count - target.seeds.count)] = input
        }
    }
}
