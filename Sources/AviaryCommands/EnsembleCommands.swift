import ArgumentParser
import AviaryEnsemble

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// The short verbs about an ensemble on this machine.

/// The verb `aviary down [--purge]`.
struct DownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop an ensemble; its data stays.")

    @OptionGroup var ensemble: EnsembleOptions

    @Flag(name: .long, help: "Remove its data as well.")
    var purge = false

    func run() throws {
        try Program.run {
            let found = try ensemble.find()
            found.stop()
            if purge { try found.folder.purge() }
            print("\(found.folder.name) is down\(purge ? ", and its data is gone" : "")")
        }
    }
}

/// The verb `aviary ls`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the ensembles of this machine.")

    func run() throws {
        try Program.run {
            for name in EnsembleFolder.all() {
                let folder = EnsembleFolder(name)
                guard let spec = try folder.load() else { continue }
                let ensemble = try LocalEnsemble(spec, in: folder, binary: Program.path)
                let running = ensemble.servers.filter { ServerProcess($0).pid != nil }.count
                print("\(name)  \(running) of \(spec.servers.count) running  \(folder.path)")
            }
        }
    }
}

/// The verb `aviary status [--json]`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show every server, and the arithmetic of the quorum.")

    @OptionGroup var ensemble: EnsembleOptions

    @Flag(name: .long, help: "For programs.")
    var json = false

    func run() throws {
        try Program.run {
            let status = try ensemble.find().status()
            print(json ? status.json : status.table)
        }
    }
}

/// The verb `aviary wait --for ready|leader|synced`.
struct WaitCommand: ParsableCommand {
    enum Condition: String, ExpressibleByArgument, CaseIterable {
        case ready, leader, synced
    }

    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until an ensemble is ready, or has a leader.")

    @OptionGroup var ensemble: EnsembleOptions

    @Option(name: .customLong("for"), help: "ready, leader or synced.")
    var condition = Condition.ready

    @Option(name: .long, help: "Seconds to wait at most.")
    var timeout = 60.0

    func run() throws {
        try Program.run {
            let isMet = try ensemble.find().wait(seconds: timeout) { status in
                guard condition == .leader else { return status.isReady }
                return status.servers.contains { $0.mode == "leader" || $0.mode == "standalone" }
            }
            guard isMet else {
                throw Complaint(
                    "not \(condition.rawValue) after \(timeout) s; 'aviary status' says more",
                    code: 69)
            }
        }
    }
}

/// The verb `aviary logs [-f] [ID…]`.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the servers' logs as one, ordered by time.")

    @OptionGroup var ensemble: EnsembleOptions

    @Flag(name: [.customShort("f"), .long], help: "Go on as lines come.")
    var follow = false

    @Argument(help: "Servers; all of them if none is named.")
    var ids: [Int] = []

    func run() throws {
        try Program.run {
            let all = try ensemble.find().servers
            let chosen = ids.isEmpty ? all : all.filter { ids.contains($0.server.id) }
            var log = MergedLog(chosen, isColoured: Program.isColoured, fromStart: true)
            repeat {
                for line in log.newLines() { print(line) }
                fflush(nil)
                if follow { LocalEnsemble.sleep(milliseconds: 50) }
            } while follow
        }
    }
}
