import ArgumentParser
import AviaryEnsemble

/// The verb `aviary apply [SPEC|FILE]`.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring the running ensemble to what a spec says, step by step.",
        discussion: """
            Takes a spec, or a plan that 'aviary plan --out' wrote and for which nothing has \
            changed since. Without either it goes on with a change that was interrupted. \
            Interrupted anywhere, it leaves an ensemble that serves, and run again it goes on.
            """)

    @Argument(
        help: "The ensemble spec, a YAML file, or a plan.",
        completion: .file(extensions: ["yaml", "yml", "plan"]))
    var source: String?

    @OptionGroup var options: ChangeOptions

    func run() async throws {
        try await Program.run {
            let source = try WishSource(source, options)
            if let version = source.madeFor { try await check(source, version) }
            try await options.apply(source)
        }
    }

    /// A plan that was written down is for one configuration only.
    private func check(_ source: WishSource, _ version: Int64) async throws {
        let applier = try source.applier(ChangeApplier.Settings())
        guard let plan = await applier.plan() else { return }
        guard plan.madeFor == version else {
            throw Complaint(
                "the plan was made for configuration \(ChangePlan.hexadecimal(version)), and "
                    + "\(source.name) has \(ChangePlan.hexadecimal(plan.madeFor)) by now. "
                    + "Plan again: aviary plan SPEC --out FILE")
        }
    }
}
