import ArgumentParser
import AviaryEnsemble
import Dispatch

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The verb `aviary up [-n 3] [--detach]`.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start an ensemble on this machine and wait until it is ready.",
        discussion: """
            Three servers, unless told otherwise. In the foreground it shows their logs until \
            Ctrl-C, which stops all of them cleanly. Run again, it goes on with the same data \
            and ports.
            """)

    @Argument(help: "The ensemble spec, a YAML file; three servers without one.")
    var spec: String?

    @Option(name: [.customShort("n"), .customLong("servers")], help: "How many servers.")
    var count: Int?

    @Flag(name: .long, help: "Leave the servers running in the background.")
    var detach = false

    @Option(name: [.customShort("e"), .customLong("ensemble")], help: "The ensemble's name.")
    var name: String?

    @Option(name: .long, help: "Seconds to wait until the ensemble is ready.")
    var timeout = 60.0

    func validate() throws {
        if let count, !(1...255).contains(count) {
            throw ValidationError("-n is the number of servers, 1 to 255")
        }
        if count != nil, spec != nil {
            throw ValidationError("a spec says how many servers there are: leave -n out")
        }
    }

    func run() throws {
        try Program.run {
            let begun = LocalEnsemble.seconds()
            let wanted = try spec.map { try SpecFile.read($0) }
            if let wanted, wanted.runtime != "process" {
                throw Complaint(
                    "runtime \(wanted.runtime) cannot be started from here yet; "
                        + "'aviary generate' writes its files", code: 65)
            }
            let name = name ?? wanted?.name ?? "local"
            let folder = EnsembleFolder(name)
            let known = try folder.load()
            if let count, let known, known.servers.count != count {
                throw Complaint(
                    "ensemble \(name) has \(known.servers.count) servers, not \(count). Start "
                        + "another with --ensemble NAME, or remove this one with 'aviary down "
                        + "--purge'")
            }
            let chosen =
                wanted ?? known ?? EnsembleSpec.local(name: name, count: count ?? 3)
            var ensemble = try LocalEnsemble(chosen, in: folder, binary: Program.path)
            try start(&ensemble, begun)
            if detach { return }
            Supervisor(ensemble).run()
        }
    }

    private func start(_ ensemble: inout LocalEnsemble, _ begun: Double) throws {
        try ensemble.start()
        var shown = begun
        let isReady = ensemble.wait(seconds: timeout) { status in
            LocalEnsemble.reap()
            let now = LocalEnsemble.seconds()
            if now - shown > 0.5 {
                shown = now
                let serving = status.servers.filter { $0.mode != nil }.count
                Program.note(
                    "waiting: \(serving) of \(status.servers.count) serving, "
                        + "\(Int(now - begun)) s")
            }
            return status.isReady
        }
        let status = ensemble.status()
        print(status.table)
        guard isReady else {
            let ailing = zip(ensemble.servers, status.servers).filter { $1.mode == nil }
            for (server, _) in ailing {
                Program.note("server \(server.server.id): \(MergedLog.reason(of: server))")
            }
            throw Complaint(
                "not ready after \(timeout) s; the logs are in \(ensemble.folder.path)", code: 69)
        }
        let milliseconds = Int((LocalEnsemble.seconds() - begun) * 1000)
        let addresses = status.servers.map(\.clientAddress).joined(separator: ",")
        print("\nready in \(milliseconds) ms; clients connect to \(addresses)")
        fflush(nil)
    }
}

/// Shows the logs of an ensemble in the foreground, restarts what dies, and stops all at the end.
struct Supervisor {
    private var ensemble: LocalEnsemble
    private var log: MergedLog
    private var attempts: [Int: Int] = [:]
    private var restartAt: [Int: Double] = [:]

    init(_ ensemble: LocalEnsemble) {
        self.ensemble = ensemble
        self.log = MergedLog(ensemble.servers, isColoured: Program.isColoured, fromStart: false)
    }

    /// Returns when SIGINT or SIGTERM has stopped everything.
    mutating func runUntilSignal() {
        let stop = DispatchSemaphore(value: 0)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: number, queue: DispatchQueue.global())
            source.setEventHandler { stop.signal() }
            source.resume()
            return source
        }
        while stop.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
            showLog()
            revive()
        }
        for source in sources { source.cancel() }
        Program.note("stopping \(ensemble.servers.count) servers")
        ensemble.stop()
        showLog()
    }

    func run() {
        var running = self
        running.runUntilSignal()
    }

    private mutating func showLog() {
        for line in log.newLines() { print(line) }
        fflush(nil)
    }

    /// A server that has died is started again, at first soon and then less and less so.
    private mutating func revive() {
        LocalEnsemble.reap()
        let now = LocalEnsemble.seconds()
        for server in ensemble.servers where ServerProcess(server).pid == nil {
            let id = server.server.id
            guard let time = restartAt[id] else {
                let attempt = attempts[id, default: 0]
                attempts[id] = attempt + 1
                let wait = min(30, 0.2 * Double(1 << min(attempt, 8)))
                restartAt[id] = now + wait
                Program.note(
                    "server \(id) has ended (\(MergedLog.reason(of: server))); starting it again "
                        + "in \(wait) s")
                continue
            }
            guard now >= time else { continue }
            restartAt[id] = nil
            do throws(EnsembleError) { try ensemble.start(id) } catch {
                Program.note("aviary: \(error.description)")
            }
        }
    }
}
