import ArgumentParser
import AviaryEnsemble

/// The verb `aviary restart ID…`.
struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Stop servers cleanly and start them again.",
        discussion: "One after the other, but without waiting until each serves again.")

    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run {
            var ensemble = try servers.find()
            let interruption = Interruption()
            try ensemble.folder.exclusively(for: "restart") {
                for id in servers.ids {
                    _ = try ensemble.stopShowingProgress([id], interruption)
                    guard try ensemble.start(id) else {
                        throw Complaint(
                            "server \(id) was stopped, and somebody else has started it again")
                    }
                }
            }
            try servers.checkAlive(ensemble, servers.ids)
            servers.report(ensemble, servers.ids, "restarted")
        }
    }
}
