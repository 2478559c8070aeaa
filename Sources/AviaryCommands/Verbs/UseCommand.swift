import ArgumentParser
import AviaryEnsemble

/// The verb `aviary use NAME`.
struct UseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use", abstract: "Choose the ensemble that verbs without a name are about.")

    @OptionGroup var place: HomeOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The ensemble.", completion: .shellCommand("aviary ls --names"))
    var name: String

    func run() throws {
        try Program.run {
            let home = place.home
            let folder = try home.find(name)
            try home.use(name)
            output.show(
                .object([
                    JSONValue.Field("ensemble", .string(name)),
                    JSONValue.Field("folder", .string(folder.path)),
                ]), "\(name) is the current ensemble")
        }
    }
}
