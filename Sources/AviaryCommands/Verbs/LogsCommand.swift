import ArgumentParser
import AviaryEnsemble

/// The verb `aviary logs [-f] [ID…]`.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the servers' logs as one, ordered by time.")

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: [.customShort("f"), .long], help: "Go on as lines come, until Ctrl-C.")
    var follow = false

    @Argument(help: "Servers; all of them if none is named.")
    var ids: [Int] = []

    func run() throws {
        try Program.run {
            let found = try ensemble.find()
            try found.checkIDs(ids)
            let chosen = found.servers.filter { ids.isEmpty || ids.contains($0.server.id) }
            var log = MergedLog(chosen, isColoured: Program.isColoured, fromStart: true)
            let interruption = follow ? Interruption() : nil
            repeat {
                var isThereMore = true
                while isThereMore {
                    let lines = log.newLines()
                    for line in lines { print(output.json ? line.json.text : line.text) }
                    isThereMore = !lines.isEmpty
                }
                Program.flush()
            } while interruption.map { !$0.wait(milliseconds: 50) } ?? false
            let unreachable = found.unreachable(among: chosen.map(\.server.id))
            guard unreachable.isEmpty else {
                throw Complaint(
                    "not all logs could be read:\n  " + unreachable.joined(separator: "\n  "),
                    .unreachable)
            }
        }
    }
}
