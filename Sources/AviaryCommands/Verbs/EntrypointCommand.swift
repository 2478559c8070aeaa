import ArgumentParser
import AviaryEnsemble
import AviaryServer
import AviaryShell

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The verb `aviary entrypoint`: what the container image starts.
struct EntrypointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entrypoint", abstract: "Start what a container is for: a server, as a rule.",
        discussion: """
            aviary entrypoint [zkServer.sh start-foreground|status|version] | [zkCli.sh …] | [VERB …] | \
            [COMMAND …]

            Without words it makes a zoo.cfg from the environment, by the names of the official \
            ZooKeeper image and others, and runs its server in the foreground. \
            Documentation/CONTAINER.md has all names.
            """, shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "What to start; a server unless it is given.")
    var words: [String] = []

    func run() async throws {
        if words == ["--help"] || words == ["-h"] { throw CleanExit.helpRequest(self) }
        var plan: ContainerPlan?
        try Program.run(saying: complain) {
            let found = try Container.preparedAsRoot?.get() ?? Container.prepare(words)
            if case .serve = found.action {
                show(found)
            }
            plan = found
        }
        guard let plan else { return }
        try await perform(plan)
    }

    /// Says what is wrong, in the form that was wished for the log: whoever reads it cannot always
    /// read another.
    private func complain(_ text: String) {
        let options = LogOptions.ofEnvironment()
        guard options.isJSON else { return Program.note("aviary: \(text)") }
        for line in text.split(separator: "\naviary: ") {
            ServerProgram.complain(String(line), of: "entrypoint", options)
        }
    }

    /// What was taken from where, in the form of the log that follows.
    private func show(_ plan: ContainerPlan) {
        let options = LogOptions(plan.log)
        let log = ServerLog(name: "entrypoint", options)
        for line in plan.notes {
            if options.isJSON { log.inform(line) } else { Program.show(line) }
        }
    }

    private func perform(_ plan: ContainerPlan) async throws {
        switch plan.action {
        case .serve(let path):
            let code = ServerProgram.run(
                configurationPath: path, log: LogOptions(plan.log), isEnvironmentExplained: true)
            // A file that another user's server has left may be one that it cannot go on with.
            if code == 3 {
                try Program.run(saying: complain) {
                    try ContainerRights.check(plan.storage, files: R_OK | W_OK)
                }
            }
            if code != 0 {
                throw ExitCode(code == 2 ? ExitStatus.inputIsWrong.rawValue : code)
            }
        case .showVersion:
            Program.show("Apache ZooKeeper, version \(ServerProgram.version)")
        case .showStatus(let path): try showStatus(path, plan.client)
        case .shell(let words):
            let code = await Shell.run(arguments: words)
            if code != 0 { throw ExitCode(code) }
        case .verb(let words): try Container.execute([Program.path] + words)
        case .execute(let words): try Container.execute(words)
        }
    }

    /// As `zkServer.sh status` shows it; scripts look for the line of the mode.
    private func showStatus(_ path: String, _ client: (host: String, port: Int)) throws {
        Program.note("ZooKeeper JMX disabled by user request")
        Program.note("Using config: \(path)")
        Program.show(
            "Client port found: \(client.port). Client address: \(client.host). Client SSL: false.")
        guard let mode = ServerHealth.mode(client.host, client.port, milliseconds: 2000) else {
            Program.show("Error contacting service. It is probably not running.")
            throw ExitCode(ExitStatus.failed.rawValue)
        }
        Program.show("Mode: \(mode)")
    }
}

extension LogOptions {
    /// What a container's environment asks for.
    init(_ log: ContainerPlan.Log) { self.init(level: log.level, format: log.format) }
}
