import ArgumentParser
import AviaryEnsemble

/// The verb `aviary remove ID…`.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove servers from the running ensemble.",
        discussion: "Their files are put aside, into the folder 'removed' of the ensemble.")

    @Argument(help: "The ids of the servers.")
    var ids: [Int]

    @OptionGroup var options: ChangeOptions

    func run() async throws {
        try await Program.run {
            let folder = try options.find()
            var wish = try EnsembleWish(folder)
            try wish.remove(ids)
            try await options.apply(wish.spec, in: folder)
        }
    }
}
