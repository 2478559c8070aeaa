import ArgumentParser
import AviaryEnsemble
import AviaryShell

/// The verb `cli`.
struct CLICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cli",
        abstract: "The ZooKeeper shell: one command, or a conversation.",
        discussion: """
            aviary cli [-server HOST:PORT,...[/CHROOT]] [-e ENSEMBLE] [-timeout MILLISECONDS] [-r] \
            [-waitforconnection] [COMMAND [ARGUMENT...]]

            Without -server it connects to the servers of an ensemble of this machine: the one that \
            is named, else the current or the only one; where there is none, to localhost:2181.

            The commands and their output are those of zkCli; `aviary cli help` lists them. Results \
            go to stdout, events and errors to stderr. Exit codes: 0 done, 1 failed, 64 misused, 69 \
            no server could be reached, 127 no such command.
            """)

    /// Taken as they are: the shell's options have one dash, as zkCli's.
    @Argument(parsing: .captureForPassthrough, help: "Options and a command, as for zkCli.")
    var arguments: [String] = []

    func run() async throws {
        var words = arguments
        try Program.run {
            guard case .ensemble(let name) = Shell.target(of: arguments) else { return }
            let home = EnsembleHome()
            if name == nil, home.names.isEmpty { return }
            let places = try home.find(name).load()?.connectString ?? ""
            words = ["-server", places] + words
        }
        let code = await Shell.run(arguments: words)
        if code != 0 { throw ExitCode(code) }
    }
}
