import ArgumentParser
import AviaryEnsemble

/// The verb `aviary remove ID…`.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove servers from the running ensemble.",
        discussion: "Their files are put aside, into the folder 'removed' of the ensemble.")

    @Argument(help: "The ids of the servers.")
    var servers: [ServerArgument]

    @OptionGroup var options: ChangeOptions

    func run() async throws {
        try await Program.run {
            let ids = try servers.ids(for: "remove")
            try await options.change(strangersLeaving: ids) { wish, folder in
                // Somebody else may have added them; then only the servers know.
                let others = wish.unknown(among: ids).isEmpty ? [] : try await folder.memberIDs()
                try wish.remove(ids, others: others)
            }
        }
    }
}
