import ArgumentParser
import AviaryEnsemble

/// The verb `aviary health --live|--ready`: for probes, which need no shell.
struct HealthCommand: ParsableCommand {
    enum Question: String, EnumerableFlag {
        case live, ready

        static func help(for question: Question) -> ArgumentHelp? {
            switch question {
            case .live: "Whether the server makes progress, with or without a quorum."
            case .ready: "Whether it is in a quorum and in step with it."
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Whether one server is alive, or ready for clients.",
        discussion: """
            Exit code 0 is yes, 1 is no; the reason is a line on standard output. Within a container \
            it asks the container's own server.
            """)

    @Flag(help: "The question; --ready unless it is given.")
    var question = Question.ready

    @Option(
        name: .long, help: "HOST:PORT of the server; else this container's, else localhost:2181.")
    var server: String?

    @Option(name: .long, help: "Milliseconds to wait for answers.")
    var timeout = 2000

    func validate() throws {
        guard (1...600_000).contains(timeout) else {
            throw ValidationError("--timeout is a number of milliseconds from 1 to 600000")
        }
        if server != nil, place == nil {
            throw ValidationError("--server is HOST:PORT, as in localhost:2181")
        }
    }

    func run() throws {
        let (host, port) = place ?? Container.client
        let health =
            switch question {
            case .live: ServerHealth.alive(host, port, milliseconds: timeout)
            case .ready: ServerHealth.ready(host, port, milliseconds: timeout)
            }
        Program.show(health.reason)
        if !health.isGood { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private var place: (host: String, port: Int)? {
        guard let server, let colon = server.lastIndex(of: ":"),
            let port = UInt16(server[server.index(after: colon)...]), port > 0
        else { return nil }
        var host = server[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return host.isEmpty ? nil : (String(host), Int(port))
    }
}
