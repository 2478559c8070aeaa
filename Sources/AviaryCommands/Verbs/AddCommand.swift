import ArgumentParser
import AviaryEnsemble

/// The verb `aviary add [-n N] [--observer]`.
struct AddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add servers to the running ensemble.",
        discussion: "Each catches up with the leader before it has a vote.")

    @Option(
        name: [.customShort("n"), .customLong("servers")], parsing: .unconditional,
        help: "How many.")
    var count = 1

    @Flag(name: .long, help: "Without a vote.")
    var observer = false

    @Argument(help: .hidden)
    var spec: String?

    @OptionGroup var options: ChangeOptions

    func validate() throws {
        guard (1...254).contains(count) else {
            throw ValidationError("-n is the number of servers to add, 1 to 254")
        }
    }

    func run() async throws {
        try await Program.run {
            if let spec { throw try SpecFile.refusal(spec, for: "add") }
            try await options.change { wish, _ in try wish.add(count, isObserver: observer) }
        }
    }
}
