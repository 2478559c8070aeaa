import ArgumentParser
import AviaryEnsemble

/// The verb `aviary down [--purge]`.
struct DownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop an ensemble; its data stays.",
        discussion: "With --purge its folder goes, and all that is in it.")

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .long, help: "Remove its data as well.")
    var purge = false

    func run() throws {
        try Program.run {
            let found = try ensemble.find()
            let interruption = Interruption()
            var left: [String] = []
            let stopped = try found.folder.exclusively(for: "down") {
                let stopped = try found.stopShowingProgress(nil, interruption)
                found.dismantle()
                if purge { left = try found.purge() }
                return stopped
            }
            let name = found.folder.name
            output.show(
                .object([
                    JSONValue.Field("ensemble", .string(name)),
                    JSONValue.Field("stopped", .list(stopped.map { .integer($0) })),
                    JSONValue.Field("purged", .bool(purge)),
                ]),
                stopped.isEmpty && !purge
                    ? "\(name) was down already"
                    : "\(name) is down"
                        + (!purge ? "" : left.isEmpty ? ", and its data is gone" : ", and purged"))
            for line in left { Program.note(line) }
        }
    }
}

extension LocalEnsemble {
    /// Stops servers; Ctrl-C leaves those that have not ended yet to end by themselves.
    func stopShowingProgress(_ ids: [Int]?, _ interruption: Interruption) throws -> [Int] {
        var progress = Progress()
        defer { progress.finish() }
        let stopped = try stop(ids) { left in
            progress.update("stopping, \(left) still running")
            return !interruption.hasCome
        }
        progress.finish()
        if interruption.hasCome {
            throw Complaint(
                "interrupted while stopping; 'aviary status' shows what runs", .interrupted)
        }
        return stopped
    }
}
