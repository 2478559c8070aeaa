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
                    LeaderCommand.self,
                ]),
            CommandGroup(
                name: "Examine", subcommands: [CheckCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Write files",
                subcommands: [
                    SpecCommand.self, GenerateCommand.self, RenderCommand.self,
                    ImportCommand.self, SchemaCommand.self,
                ]),
            CommandGroup(
                name: "For the shell",
                subcommands: [CompletionCommand.self, ManualCommand.self]),
        ])

    /// Makes one with nothing set.
    public init() {}

    /// What has to be done while the process has one thread: the first, before any task waits.
    public static func begin() { _ = Container.preparedAsRoot }

    /// Runs the verb of this process's command line.
    ///
    /// Top-level code would choose the `main` that knows no asynchronous verb.
    public static func program() async {
        // A connection that dies is an error of one verb, and not the end of the program.
        Program.ignoreBrokenPipes()
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        if name == "nc" {
            exit(withError: ExitCode(NetworkCat.run(Array(CommandLine.arguments.dropFirst()))))
        }
        if Container.scripts.contains(name) {
            await main(["entrypoint", name] + CommandLine.arguments.dropFirst())
            return
        }
        let words = Array(CommandLine.arguments.dropFirst())
        if let word = words.first, let complaint = unknownVerb(word) ?? negativeNumber(words) {
            Program.note("aviary: \(complaint)")
            exit(withError: ExitCode(ExitStatus.misused.rawValue))
        }
        await main()
    }

    /// What to say of a negative number: the parser would take it for an option.
    static func negativeNumber(_ words: [String]) -> String? {
        guard let verb = words.first else { return nil }
        let place = words.indices.dropFirst().first { place in
            let isValue = words[place - 1].hasPrefix("-") && Int(words[place - 1]) == nil
            return !isValue && (Int(words[place]) ?? 0) < 0
        }
        guard let number = place.map({ words[$0] }) else { return nil }
        switch verb {
        case "scale":
            return "scale takes the number of participants that there are to be, 1 to 255, and not "
                + "\(number); 'aviary remove ID' takes servers away"
        case "start", "stop", "restart", "kill", "pause", "resume", "logs", "remove", "replace",
            "roll":
            return "\(verb) takes the ids of servers, 1 to 255, and not \(number); 'aviary status' "
                + "shows them"
        default: return nil
        }
    }

    /// What to say of a first word that is no verb: the parser would only call it unexpected.
    static func unknownVerb(_ word: String) -> String? {
        let verbs = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !word.hasPrefix("-"), word != "help", !verbs.contains(word) else { return nil }
        let hint = NearestWord.of(word, in: verbs).map { "; did you mean \($0)?" } ?? "."
        return "there is no verb \(word)\(hint) 'aviary --help' lists them"
    }
}
