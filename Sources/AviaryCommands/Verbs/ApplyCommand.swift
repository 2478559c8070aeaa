import ArgumentParser
import AviaryEnsemble

/// The verb `aviary apply [SPEC|FILE]`.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring the running ensemble to what a spec says, step by step.",
        discussion: """
            Takes a spec, or a plan that 'aviary plan SPEC --out FILE' wrote and for which nothing has \
            changed since. Without either it goes on with a change that was interrupted. \
            Interrupted anywhere, it leaves an ensemble that serves, and run again it goes on. \
            With --abandon the change is given up: what is wanted becomes what is, and no server \
            is touched.
            """)

    @Argument(
        help: "The ensemble spec, a YAML file, or a plan.",
        completion: .file(extensions: ["yaml", "yml", "plan"]))
    var source: String?

    @Flag(name: .long, help: "Give up the change under way, and leave every server as it is.")
    var abandon = false

    @OptionGroup var options: ChangeOptions

    func validate() throws {
        if abandon, source != nil {
            throw ValidationError(
                "--abandon is about the change under way; leave \(source ?? "SPEC") out")
        }
    }

    func run() async throws {
        try await Program.run {
            if abandon { return try await giveUp() }
            let path = source
            let source = try WishSource(path, options, isExclusive: true)
            if let version = source.madeFor { try await check(source, version, path ?? "FILE") }
            try await options.apply(source)
        }
    }

    /// What is wanted becomes what is.
    private func giveUp() async throws {
        let folder = try options.find()
        let result = try await folder.abandonChange()
        func list(_ differences: [SpecDifference]?) -> JSONValue {
            .list((differences ?? []).map { .string($0.text) })
        }
        let strays = result?.strays ?? []
        var lines = [
            result.map {
                "the change of \(folder.name) is given up: "
                    + ($0.givenUp.isEmpty ? "nothing of it was left to do" : $0.givenUp.text)
            } ?? "no change of \(folder.name) is under way: nothing to give up"
        ]
        if let kept = result?.kept, !kept.isEmpty {
            lines.append("it stays as it is: \(kept.text)")
        }
        for id in strays {
            lines.append(
                "server \(id) has been started and is no member: 'aviary apply' stops it and puts "
                    + "its files aside")
        }
        options.output.show(
            .object([
                JSONValue.Field("ensemble", .string(folder.name)),
                JSONValue.Field("givenUp", list(result?.givenUp)),
                JSONValue.Field("kept", list(result?.kept)),
                JSONValue.Field("strays", .list(strays.map { .integer($0) })),
            ]), lines.joined(separator: "\n"))
    }

    /// A plan that was written down is for one configuration only.
    private func check(_ source: WishSource, _ version: Int64, _ path: String) async throws {
        let applier = try source.applier(ChangeApplier.Settings())
        guard let plan = await applier.plan() else {
            throw Complaint(
                "\(source.name) has no leader that could say its configuration, and so nobody knows "
                    + "whether the plan is still for it: \(source.remedy)", .unreachable)
        }
        guard plan.madeFor == version else {
            throw Complaint(
                "the plan was made for configuration \(ChangePlan.hexadecimal(version)), and "
                    + "\(source.name) has \(ChangePlan.hexadecimal(plan.madeFor)) by now. "
                    + "Plan again: aviary plan \(source.spec ?? "SPEC") --out \(path)")
        }
    }
}
