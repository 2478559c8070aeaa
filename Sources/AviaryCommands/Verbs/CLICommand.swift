import ArgumentParser
import AviaryShell

/// The verb `cli`.
struct CLICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cli",
        abstract: "The ZooKeeper shell: one command, or a conversation.",
        discussion: """
            aviary cli [-server HOST:PORT,...[/CHROOT]] [-timeout MILLISECONDS] [-r] \
            [-waitforconnection] [COMMAND [ARGUMENT...]]

            The commands and their output are those of zkCli; `aviary cli help` lists them. Results \
            go to stdout, events and errors to stderr. Exit codes: 0 done, 1 failed, 64 misused, 69 \
            no server could be reached, 127 no such command.
            """)

    /// Taken as they are: the shell's options have one dash, as zkCli's.
    @Argument(parsing: .captureForPassthrough, help: "Options and a command, as for zkCli.")
    var arguments: [String] = []

    func run() async throws {
        let code = await Shell.run(arguments: arguments)
        if code != 0 { throw ExitCode(code) }
    }
}
