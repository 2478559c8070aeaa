import ArgumentParser
import AviaryEnsemble

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// The verbs about single servers' processes.

/// The servers a verb is about.
struct ServerOptions: ParsableArguments {
    @OptionGroup var ensemble: EnsembleOptions

    @Argument(help: "The ids of the servers.")
    var ids: [Int]

    /// The ensemble and the servers of these ids, all of which must exist.
    func find() throws -> (LocalEnsemble, [ServerProcess]) {
        let found = try ensemble.find()
        let processes = try ids.map { id in
            guard let server = found.servers.first(where: { $0.server.id == id }) else {
                throw Complaint(
                    "there is no server \(id) in \(found.folder.name); 'aviary status' lists them",
                    code: 64)
            }
            return ServerProcess(server)
        }
        return (found, processes)
    }
}

/// The verb `aviary start ID…`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start servers that do not run.")
    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run {
            var (ensemble, _) = try servers.find()
            for id in servers.ids { try ensemble.start(id) }
        }
    }
}

/// The verb `aviary stop ID…`.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop servers cleanly.")
    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run { try servers.find().0.stop(servers.ids) }
    }
}

/// The verb `aviary restart ID…`.
struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Stop servers cleanly and start them again.")
    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run {
            var (ensemble, _) = try servers.find()
            for id in servers.ids {
                ensemble.stop([id])
                try ensemble.start(id)
            }
        }
    }
}

/// The verb `aviary kill ID…`.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "End servers at once, as a crash would (SIGKILL).")
    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGKILL) } }
}

/// The verb `aviary pause ID…`.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Freeze servers, as a stalled machine would (SIGSTOP).")
    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGSTOP) } }
}

/// The verb `aviary resume ID…`.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let frozen servers go on (SIGCONT).")
    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGCONT) } }
}

extension ServerOptions {
    /// Sends a signal to each server, or says which of them does not run.
    func send(_ number: CInt) throws {
        for (id, process) in zip(ids, try find().1) where !process.signal(number) {
            throw Complaint("server \(id) does not run; 'aviary start \(id)' starts it")
        }
    }
}
