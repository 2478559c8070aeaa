import ArgumentParser
import AviaryEnsemble

/// The verb `aviary stop ID…`.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop servers cleanly; they stay stopped until started.")

    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run {
            let ensemble = try servers.find()
            let stopped = try ensemble.stopShowingProgress(servers.ids, Interruption())
            for id in servers.ids where !stopped.contains(id) {
                Program.note("server \(id) was not running")
            }
            servers.report(ensemble, stopped, "stopped")
        }
    }
}
