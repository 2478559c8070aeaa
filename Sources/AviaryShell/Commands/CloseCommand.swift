/// `close`: ends the session, and with it its ephemeral znodes.
struct CloseCommand: ShellCommand {
    let name = "close"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        _ = try shell.connected()
        await shell.close()
    }
}
