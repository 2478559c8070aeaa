import ArgumentParser
import AviaryEnsemble

/// The verb `aviary scale N`.
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Change the number of participants.",
        discussion: "The highest ids leave first, and the leader only if it must.")

    @Argument(help: "How many participants there are to be.")
    var count: Int

    @Argument(help: .hidden)
    var spec: String?

    @OptionGroup var options: ChangeOptions

    func validate() throws {
        guard (1...255).contains(count) else {
            throw ValidationError("there are 1 to 255 participants")
        }
    }

    func run() async throws {
        try await Program.run {
            if let spec { throw try SpecFile.refusal(spec, for: "scale") }
            try await options.change { wish, _ in
                let leader = try options.ensemble.find().status().leader
                try wish.scale(to: count, leader: leader?.id)
                if let failures = wish.survivedByWeight {
                    Program.note(
                        "\(count) participants with these groups and weights survive "
                            + "\(failures.counted("failure")), whoever fails")
                } else if count % 2 == 0 {
                    Program.note(
                        "\(count) participants survive \(((count - 1) / 2).counted("failure")), as "
                            + "\(count - 1) \(count == 2 ? "does" : "do")")
                }
            }
        }
    }
}
