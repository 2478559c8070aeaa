import ArgumentParser
import AviaryEnsemble

/// The verb `aviary status [--json] [--watch]`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show every server, and the arithmetic of the quorum.",
        discussion: "Exit code 69 if the ensemble has no quorum.")

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .long, help: "Look again every second, until Ctrl-C.")
    var watch = false

    func run() throws {
        try Program.run {
            let found = try ensemble.find()
            if watch { return LiveView(found, output, isAboutLoad: false).run() }
            let status = found.status()
            output.show(
                status.json(),
                StatusTable(status).text(width: Program.size?.width, isColoured: Program.isColoured)
            )
            for line in found.unreachable() { Program.note(line) }
            found.noteUnfinishedChange()
            if status.quorum.mayFail == nil { throw ExitCode(ExitStatus.unreachable.rawValue) }
        }
    }
}
