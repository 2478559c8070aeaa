import ArgumentParser
import AviaryEnsemble

/// The verb `aviary spec`.
struct SpecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spec",
        abstract: "The spec of an ensemble as it runs now, as up, plan and apply take it.",
        discussion: """
            After 'scale', 'add' or 'replace' the file that an ensemble was started from does not \
            say what is: 'aviary spec > FILE' writes it anew, without its comments.
            """)

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Program.run {
            let found = try ensemble.find()
            found.noteUnfinishedChange()
            output.show(found.spec.json, String(found.spec.yaml.dropLast()))
        }
    }
}
