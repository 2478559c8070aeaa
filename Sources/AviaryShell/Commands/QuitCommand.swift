/// `quit`: ends the session and the shell.
struct QuitCommand: ShellCommand {
    let name = "quit"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        shell.isDone = true
    }
}
