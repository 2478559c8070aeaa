/// `help`: all commands, or one.
struct HelpCommand: ShellCommand {
    let name = "help"
    let usage = "[command]"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else {
            return shell.console.result(CommandTable.help)
        }
        guard let command = CommandTable.command(word) else {
            throw CommandFailure("Command not found: \(word)", exitCode: 127)
        }
        shell.console.result(command.help)
    }
}
