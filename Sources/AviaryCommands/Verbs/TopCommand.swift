import ArgumentParser
import AviaryEnsemble

/// The verb `aviary top`.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show the load of every server, every second, until Ctrl-C.")

    @Argument(
        help: "The spec, if somebody else starts the servers (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Program.run {
            let found = try StatusSource(spec, ensemble)
            LiveView(output, isAboutLoad: true, look: found.look).run()
        }
    }
}
