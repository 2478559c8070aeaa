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
            let applier = try ChangeApplier(
                source.folder, to: source.wanted, binary: Program.path, settings)
            let name = source.folder.name
            guard let plan = await applier.plan() else {
                throw Complaint(
                    "\(name) has no leader that could say its configuration. 'aviary status' shows "
                        + "who is missing, and 'aviary up --ensemble \(name)' starts them",
                    .unreachable)
            }
            if let out {
                let file = ChangePlanFile(
                    ensemble: name, madeFor: plan.madeFor, wanted: source.wanted)
                try AtomicFile.write(
                    Array(file.text(plan).utf8), to: Program.absolute(out), in: POSIXFileSystem())
            }
            options.output.show(plan.json(ensemble: name), plan.text(ensemble: name))
            if plan.obstacle != nil { throw ExitCode(ExitStatus.failed.rawValue) }
            if !plan.entries.isEmpty { throw ExitCode(ExitStatus.planHasChanges.rawValue) }
        }
    }
}

/// What a change is to come to: a spec, a plan that was written down, or the change that is under
/// way.
struct WishSource {
    let folder: EnsembleFolder
    let wanted: EnsembleSpec
    /// Of a plan that was written down.
    var madeFor: Int64?

    init(_ path: String?, _ options: ChangeOptions) throws {
        guard let path else {
            folder = try options.find()
            wanted = try EnsembleWish(folder).spec
            return
        }
        let text = try AtomicFile.read(path, in: POSIXFileSystem(), sizeMax: 2 << 20).map {
            String(decoding: $0, as: UTF8.self)
        }
        if let text, ChangePlanFile.isMeant(text) {
            guard let file = ChangePlanFile(text) else {
                throw Complaint(
                    "\(path) is a damaged plan; 'aviary plan SPEC --out FILE' writes another",
                    .inputIsWrong)
            }
            folder = try options.ensemble.place.home.find(options.ensemble.name ?? file.ensemble)
            wanted = file.wanted
            madeFor = file.madeFor
            return
        }
        let spec = try SpecFile.read(path)
        guard spec.runtime == "process" else {
            throw Complaint(
                "runtime \(spec.runtime) cannot be changed from here yet: only servers that are "
                    + "processes of this machine can", .inputIsWrong)
        }
        folder = try options.ensemble.place.home.find(options.ensemble.name ?? spec.name)
        var wish = try EnsembleWish(folder)
        try wish.adopt(spec)
        wanted = wish.spec
    }
}
