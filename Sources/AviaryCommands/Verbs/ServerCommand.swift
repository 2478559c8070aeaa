import ArgumentParser
import AviaryServer

/// The verb `aviary server ZOO_CFG`.
struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Run one server in the foreground, from its zoo.cfg.",
        discussion: """
            Alone when the file lists no other server, else as a member of the ensemble. Takes any \
            zoo.cfg that Apache ZooKeeper takes. SIGTERM and Ctrl-C stop it cleanly.
            """)

    @Argument(help: "The configuration file.", completion: .file(extensions: ["cfg"]))
    var configurationFile: String

    func run() throws {
        let code = ServerProgram.run(configurationPath: configurationFile)
        // What Apache ZooKeeper calls a wrong invocation is a wrong configuration here.
        if code == 2 { throw ExitCode(ExitStatus.inputIsWrong.rawValue) }
        if code != 0 { throw ExitCode(code) }
    }
}
