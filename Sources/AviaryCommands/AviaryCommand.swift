public import ArgumentParser

/// The program: one subcommand for each verb.
public struct AviaryCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "aviary",
        abstract: "A whole ZooKeeper ensemble in one binary.",
        version: "0.1.0",
        subcommands: [CLICommand.self, ServerCommand.self])

    public init() {}

    /// Runs the verb of this process's command line.
    ///
    /// Top-level code would choose the `main` that knows no asynchronous verb.
    public static func program() async { await main() }
}
