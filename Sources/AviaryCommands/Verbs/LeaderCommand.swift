import ArgumentParser
import AviaryEnsemble

/// The verb `aviary leader [move ID]`.
struct LeaderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader", abstract: "Show who leads, or let another server lead.",
        subcommands: [LeaderShowCommand.self, LeaderMoveCommand.self],
        defaultSubcommand: LeaderShowCommand.self)
}

/// The verb `aviary leader`.
struct LeaderShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the id of the server that leads.")

    @Argument(
        help: "The spec, if somebody else starts the servers (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Program.run {
            let found = try StatusSource(spec, ensemble)
            guard let leader = found.look().leader else {
                throw Complaint(
                    "\(found.name) has no leader. 'aviary status\(spec.map { " \($0)" } ?? "")' shows who "
                        + "is missing",
                    .unreachable)
            }
            output.show(
                .object([
                    JSONValue.Field("ensemble", .string(found.name)),
                    JSONValue.Field("leader", .integer(leader.id)),
                ]), String(leader.id))
        }
    }
}

/// The verb `aviary leader move ID [SPEC]`.
struct LeaderMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Let another server lead.",
        discussion: """
            The leader hands over as soon as the other server has all that it has; nobody is \
            elected. With 'runtime: external' name the spec. Apache ZooKeeper's leaders choose their \
            successors: there the leader is made an observer for a moment, again and again until \
            the server leads that was named.
            """)

    @Argument(help: "The id of the server that is to lead.")
    var id: Int

    @Argument(
        help: "The spec of an ensemble whose servers somebody else starts.",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var options: ChangeOptions

    func run() async throws {
        try await Program.run {
            let progress = ChangeProgressView()
            var settings = ChangeApplier.Settings()
            settings.patience = options.timeout
            settings.isOutageAccepted = options.acceptOutage
            settings.tell = { progress.show($0) }
            let interruption = Interruption()
            settings.isInterrupted = { interruption.hasCome }
            let (name, move) = try mover(settings)
            let report: LeaderMoveReport
            do { report = try await move.run(to: id) } catch let interrupted as ChangeInterrupted {
                progress.finish()
                Program.note(interrupted.probe.text)
                throw Complaint(
                    "interrupted before server \(id) leads; everybody has the vote it had, and the "
                        + "same again goes on", .interrupted)
            } catch {
                progress.finish()
                throw error
            }
            progress.finish()
            show(report, name)
        }
    }

    private func mover(
        _ settings: ChangeApplier.Settings
    ) throws -> (name: String, move: LeaderMove) {
        guard let spec else {
            let folder = try options.find()
            return (folder.name, try LeaderMove(folder, binary: Program.path, settings))
        }
        let read = try SpecFile.read(spec)
        guard read.runtime == "external" else {
            let folder = try options.ensemble.place.home.find(options.ensemble.name ?? read.name)
            return (folder.name, try LeaderMove(folder, binary: Program.path, settings))
        }
        var settings = settings
        settings.specFile = spec
        return (
            read.name,
            try LeaderMove(external: read, authentication: options.authentication(), settings)
        )
    }

    private func show(_ report: LeaderMoveReport, _ name: String) {
        let gap = Int((report.probe.longestGap * 1000).rounded())
        let text =
            report.changeCount == 0
            ? "server \(report.leader) leads \(name) already"
            : "server \(report.leader) leads \(name)\n\(report.probe.text)"
        options.output.show(
            .object([
                JSONValue.Field("ensemble", .string(name)),
                JSONValue.Field("leader", .integer(report.leader)),
                JSONValue.Field("changes", .integer(report.changeCount)),
                JSONValue.Field("writes", .integer(report.probe.writes)),
                JSONValue.Field("failed", .integer(report.probe.failures)),
                JSONValue.Field("sessionsLost", .integer(report.probe.sessionsLost)),
                JSONValue.Field("longestGapMilliseconds", .integer(gap)),
            ]), text)
    }
}
