import ArgumentParser
import AviaryEnsemble

/// The verb `aviary status [--json] [--watch]`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show every server, and the arithmetic of the quorum.",
        discussion: "Exit code 69 if the ensemble has no quorum.")

    @Argument(
        help: "The spec, if somebody else starts the servers (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .long, help: "Look again every second, until Ctrl-C.")
    var watch = false

    func run() throws {
        try Program.run {
            let found = try StatusSource(spec, ensemble)
            if watch { return LiveView(output, isAboutLoad: false, look: found.look).run() }
            let status = found.look()
            output.show(
                status.json(),
                StatusTable(status).text(width: Program.size?.width, isColoured: Program.isColoured)
            )
            for line in found.own?.unreachable() ?? [] { Program.note(line) }
            found.own?.noteUnfinishedChange()
            if status.quorum.mayFail == nil { throw ExitCode(ExitStatus.unreachable.rawValue) }
        }
    }
}
