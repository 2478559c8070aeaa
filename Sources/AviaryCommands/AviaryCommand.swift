public import ArgumentParser

/// The program: one subcommand for each verb.
public struct AviaryCommand: AsyncParsableCommand {
    /// The configuration.
    public static let configuration = CommandConfiguration(
        commandName: "aviary",
        abstract: "A whole ZooKeeper ensemble in one binary.",
        version: "0.1.0",
        subcommands: [
            UpCommand.self, DownCommand.self, ListCommand.self, UseCommand.self,
            StatusCommand.self, TopCommand.self, WaitCommand.self, LogsCommand.self,
            StartCommand.self, StopCommand.self, RestartCommand.self, KillCommand.self,
            PauseCommand.self, ResumeCommand.self,
            GenerateCommand.self, SchemaCommand.self,
            ServerCommand.self, CLICommand.self,
            CompletionCommand.self, ManualCommand.self,
        ])

    /// Makes one with nothing set.
    public init() {}

    /// Runs the verb of this process's command line.
    ///
    /// Top-level code would choose the `main` that knows no asynchronous verb.
    public static func program() async { await main() }
}
