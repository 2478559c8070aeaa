public import ArgumentParser
import Configuration

/// The program: one subcommand for each verb.
public struct AviaryCommand: AsyncParsableCommand {
    /// The configuration.
    public static let configuration = CommandConfiguration(
        commandName: "aviary",
        abstract: "A whole ZooKeeper ensemble in one binary.",
        version: "0.1.0",
        subcommands: [HealthCommand.self, EntrypointCommand.self, HostServiceCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Run",
                subcommands: [
                    UpCommand.self, DownCommand.self, StartCommand.self, StopCommand.self,
                    RestartCommand.self, KillCommand.self, PauseCommand.self, ResumeCommand.self,
                    ServerCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, TopCommand.self, LogsCommand.self, WaitCommand.self,
                    ListCommand.self, UseCommand.self, CLICommand.self,
                ]),
            CommandGroup(
                name: "Change",
                subcommands: [
                    PlanCommand.self, ApplyCommand.self, AddCommand.self, RemoveCommand.self,
                    ReplaceCommand.self, ScaleCommand.self, RollCommand.self,
                ]),
            CommandGroup(
                name: "Examine", subcommands: [CheckCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Write files",
                subcommands: [
                    GenerateCommand.self, RenderCommand.self, ImportCommand.self,
                    SchemaCommand.self,
                ]),
            CommandGroup(
                name: "For the shell",
                subcommands: [CompletionCommand.self, ManualCommand.self]),
        ])

    /// Makes one with nothing set.
    public init() {}

    /// Runs the verb of this process's command line.
    ///
    /// Top-level code would choose the `main` that knows no asynchronous verb.
    public static func program() async {
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        if Container.scripts.contains(name) {
            await main(["entrypoint", name] + CommandLine.arguments.dropFirst())
            return
        }
        if let word = CommandLine.arguments.dropFirst().first, let complaint = unknownVerb(word) {
            Program.note("aviary: \(complaint)")
            exit(withError: ExitCode(ExitStatus.misused.rawValue))
        }
        await main()
    }

    /// What to say of a first word that is no verb: the parser would only call it unexpected.
    static func unknownVerb(_ word: String) -> String? {
        let verbs = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !word.hasPrefix("-"), word != "help", !verbs.contains(word) else { return nil }
        let hint = NearestWord.of(word, in: verbs).map { "; did you mean \($0)?" } ?? "."
        return "there is no verb \(word)\(hint) 'aviary --help' lists them"
    }
}
