import ArgumentParser
import AviaryEnsemble

/// The verb `aviary roll [ID…] [--binary PATH|--image NAME]`.
struct RollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll", abstract: "Restart servers one after the other, the leader last.",
        discussion: """
            Each is back in step with the leader before the next one stops. A server that does not \
            come back with a new binary gets its old one, and nothing more is restarted.
            """)

    @Argument(help: "The ids of the servers; all of them if none is named.")
    var ids: [Int] = []

    @Option(name: .long, help: "The binary to start them from.", completion: .file())
    var binary: String?

    @Option(name: .long, help: "The image to start them from (runtime docker).")
    var image: String?

    @OptionGroup var options: ChangeOptions

    func validate() throws {
        if image?.hasPrefix("-") ?? false {
            throw ValidationError("--image is the name of an image, which does not begin with -")
        }
    }

    func run() async throws {
        try await Program.run {
            try await options.change { wish, folder in
                let isDocker = wish.spec.runtime == "docker"
                if isDocker ? binary != nil : image != nil {
                    throw Complaint(
                        "the servers of \(folder.name) are started from "
                            + (isDocker ? "an image: --image NAME" : "a program: --binary PATH"),
                        .misused)
                }
                let path = binary.map { Program.absolute($0) }
                if let path, !Program.isExecutable(path) {
                    throw Complaint("\(path) is no program that could be started", .misused)
                }
                try wish.roll(ids, binary: path ?? image, mark: RollCommand.mark())
            }
        }
    }

    /// No two rolls have the same.
    private static func mark() -> String {
        String(UInt64.random(in: .min ... .max), radix: 16)
    }
}
