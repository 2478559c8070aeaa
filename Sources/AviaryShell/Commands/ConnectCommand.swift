/// `connect`: a new session, with the same servers or others.
struct ConnectCommand: ShellCommand {
    let name = "connect"
    let usage = "host:port"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        try await shell.connect(to: arguments.words.first)
    }
}
