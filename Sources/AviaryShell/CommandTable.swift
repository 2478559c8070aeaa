/// All commands by name, and how a line of words becomes one.
enum CommandTable {
    /// In the order of the help.
    static let commands: [any ShellCommand] = [
        AddAuthCommand(), CloseCommand(), ConfigCommand(), ConnectCommand(), CreateCommand(),
        DeleteCommand(), DeleteAllCommand(), GetCommand(), GetACLCommand(),
        GetAllChildrenNumberCommand(), GetEphemeralsCommand(), HelpCommand(), HistoryCommand(),
        LsCommand(), PrintWatchesCommand(), QuitCommand(), ReconfigCommand(), RedoCommand(),
        SetCommand(), SetACLCommand(), StatCommand(), SyncCommand(), VersionCommand(),
        WhoAmICommand(),
    ]

    /// The command of a name.
    static func command(_ name: String) -> (any ShellCommand)? {
        commands.first { $0.name == name }
    }

    /// The usage of all.
    static var help: String {
        let lines = commands.map { "\t\($0.name) \($0.usage)" }
        return (["aviary cli -server host:port cmd args"] + lines).joined(separator: "\n")
    }

    /// Runs a line's words; none is no command and no mistake.
    static func run(_ words: [String], in shell: ShellState) async throws(CommandFailure) {
        guard let name = words.first else { return }
        guard let command = command(name) else {
            throw CommandFailure(
                "\(help)\nCommand not found: Command not found \(name)", exitCode: 127)
        }
        let arguments = try Arguments(words.dropFirst(), rules: command.options)
        try await command.run(arguments, in: shell)
    }
}
