import ArgumentParser
import AviaryEnsemble

/// The verb `aviary replace ID…`.
struct ReplaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace", abstract: "Replace servers, dead or alive, by new ones.",
        discussion: """
            The new server joins first, under an id of its own, and then the old one leaves. An old \
            id with an empty disk would vote for what it has forgotten.
            """)

    @Argument(help: "The ids of the servers to replace.")
    var servers: [ServerArgument]

    @OptionGroup var options: ChangeOptions

    func run() async throws {
        try await Program.run {
            let ids = try servers.ids(for: "replace")
            try await options.change { wish, _ in
                for text in try wish.replace(ids) { Program.note(text) }
            }
        }
    }
}
