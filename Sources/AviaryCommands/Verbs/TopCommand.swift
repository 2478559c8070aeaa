import ArgumentParser
import AviaryEnsemble

/// The verb `aviary top`.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show the load of every server, every second, until Ctrl-C.")

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Program.run {
            LiveView(try ensemble.find(), output, isAboutLoad: true).run()
        }
    }
}
