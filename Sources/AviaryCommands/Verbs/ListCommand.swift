import ArgumentParser
import AviaryEnsemble

/// The verb `aviary ls`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the ensembles of this machine.",
        discussion: "The current one, which 'aviary use NAME' chooses, has a star.")

    @OptionGroup var place: HomeOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .long, help: .hidden)
    var names = false

    func run() throws {
        try Program.run {
            let home = place.home
            if names {
                for name in home.names { Program.show(name) }
                return
            }
            var rows: [[String]] = []
            var values: [JSONValue] = []
            for name in home.names {
                let folder = home.folder(name)
                guard let spec = try folder.load() else { continue }
                let ensemble = try LocalEnsemble(spec, in: folder, binary: Program.path)
                let running = ensemble.servers.count { ServerProcess($0).pid != nil }
                let isCurrent = home.current == name
                rows.append([
                    (isCurrent ? "* " : "  ") + name,
                    "\(running) of \(spec.servers.count) running", folder.path,
                ])
                values.append(
                    .object([
                        JSONValue.Field("ensemble", .string(name)),
                        JSONValue.Field("current", .bool(isCurrent)),
                        JSONValue.Field("servers", .integer(spec.servers.count)),
                        JSONValue.Field("running", .integer(running)),
                        JSONValue.Field("folder", .string(folder.path)),
                    ]))
            }
            if rows.isEmpty, !output.json {
                Program.note("there is no ensemble in \(home.path); 'aviary up' starts one")
                return
            }
            let value = JSONValue.object([
                JSONValue.Field("home", .string(home.path)),
                JSONValue.Field("ensembles", .list(values)),
            ])
            output.show(value, ListCommand.aligned(rows))
        }
    }

    private static func aligned(_ rows: [[String]]) -> String {
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row[0] + String(repeating: " ", count: widths[0] - row[0].count + 2)
                + row[1] + String(repeating: " ", count: widths[1] - row[1].count + 2) + row[2]
        }.joined(separator: "\n")
    }
}
