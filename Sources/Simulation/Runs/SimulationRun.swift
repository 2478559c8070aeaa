/// One run of either simulation, and what came of it.
public struct SimulationRun: Sendable {
    /// What is simulated.
    public enum Kind: String, Sendable {
        /// Elections and broadcast over toy disks.
        case peers
        /// Whole servers with clients and files.
        case ensemble
        /// Whole servers of which an operator changes the members all the while.
        case planned
    }

    /// What there is to say of a run.
    public struct Report: Sendable {
        /// What went wrong; nil if all went well.
        public var failure: String?
        /// How long it took in its own time, in microseconds.
        public var elapsed: Int64
        /// The misfortunes that came, and when.
        public var misfortunes: [(number: Int, fault: Fault, time: Int64)]
        /// How many things clients did.
        public var operationCount: Int
        /// What happened how often.
        public var counts: [String: Int]
        /// Where the power of disks went, and how often.
        public var powerLosses: [CrashPoint: Int] = [:]

        /// The failure without what differs from run to run: two with the same one have the same
        /// cause, or at least the same promise was broken.
        public var signature: String? {
            guard let failure, let cut = failure.firstRange(of: "us: ") else { return failure }
            let reason = failure[cut.upperBound...]
            if reason.hasPrefix("S"), let colon = reason.firstIndex(of: ":") {
                return String(reason[..<colon])
            }
            return String(reason.filter { !$0.isNumber }.prefix(24))
        }
    }

    /// What is simulated.
    public var kind: Kind
    /// The seed that decides everything.
    public var seed: UInt64
    /// What of the seed's run is left out.
    public var limits = RunLimits()
    /// Who changes the members in a planned run of a seed.
    public var makeOperator: @Sendable (_ seed: UInt64) -> (any SimulatedOperator)?

    /// A run of a seed.
    public init(
        _ kind: Kind, seed: UInt64, limits: RunLimits = RunLimits(),
        makeOperator: @escaping @Sendable (_ seed: UInt64) -> (any SimulatedOperator)? = { _ in nil
        }
    ) {
        self.kind = kind
        self.seed = seed
        self.limits = limits
        self.makeOperator = makeOperator
    }

    /// Runs it to its end.
    public func report(isTraced: Bool = false) -> Report {
        switch kind {
        case .peers:
            var options = QuorumSimulation.Options()
            options.isTraced = isTraced
            options.limits = limits
            let simulation = QuorumSimulation(seed: seed, options: options)
            let failure = simulation.run()
            return Report(
                failure: failure, elapsed: simulation.elapsed, misfortunes: simulation.misfortunes,
                operationCount: simulation.operationCount, counts: simulation.counts)
        case .ensemble, .planned:
            let simulation = EnsembleSimulation(
                seed: seed, limits: limits, isTraced: isTraced,
                operator: kind == .planned ? makeOperator(seed) : nil)
            let failure = simulation.run()
            return Report(
                failure: failure, elapsed: simulation.elapsed, misfortunes: simulation.misfortunes,
                operationCount: simulation.operationCount, counts: simulation.counts,
                powerLosses: simulation.powerLosses)
        }
    }
}
