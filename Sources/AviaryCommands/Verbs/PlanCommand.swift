import ArgumentParser
import AviaryEnsemble
import Storage

/// The verb `aviary plan [SPEC]`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show the steps from the running ensemble to what a spec says.",
        discussion: """
            Nothing is changed. Without a spec: what is left of a change that was interrupted. \
            Exit codes: 0 no changes, 2 changes, 1 an obstacle, 69 the ensemble has no quorum.
            """)

    @Argument(
        help: "The ensemble spec, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var options: ChangeOptions

    @Option(name: .long, help: "Write the plan to a file that 'aviary apply' takes.")
    var out: String?

    func run() async throws {
        try await Program.run {
            let source = try WishSource(spec, options)
            var settings = ChangeApplier.Settings()
            settings.isOutageAccepted = options.acceptOutage
            let applier = try source.applier(settings)
            let name = source.name
            guard let plan = await applier.plan() else {
                throw Complaint(
                    "\(name) has no leader that could say its configuration: \(source.remedy)",
                    .unreachable)
            }
            if let out {
                guard source.isLocal else {
                    throw Complaint(
                        "a plan in a file is for ensembles of this machine; 'aviary apply SPEC' is "
                            + "conditional on the version it sees in any case", .misused)
                }
                let file = ChangePlanFile(
                    ensemble: name, madeFor: plan.madeFor, wanted: source.wanted)
                try LauncherFile.write(file.text(plan), asked: Program.absolute(out))
            }
            options.output.show(plan.json(ensemble: name), plan.text(ensemble: name))
            if plan.obstacle != nil { throw ExitCode(ExitStatus.failed.rawValue) }
            if !plan.entries.isEmpty { throw ExitCode(ExitStatus.planHasChanges.rawValue) }
        }
    }
}
