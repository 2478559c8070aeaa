import ArgumentParser
import AviaryEnsemble

/// The verb `aviary start ID…`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start servers that do not run.",
        discussion: "'aviary wait' then waits until they serve.")

    @OptionGroup var servers: ServerOptions

    func run() throws {
        try Program.run {
            var ensemble = try servers.find()
            var started: [Int] = []
            try ensemble.folder.exclusively(for: "start") {
                for id in servers.ids {
                    if try ensemble.start(id) {
                        started.append(id)
                    } else {
                        Program.note("server \(id) runs already")
                    }
                }
            }
            try servers.checkAlive(ensemble, started)
            servers.report(ensemble, started, "started")
        }
    }
}
