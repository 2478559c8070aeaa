import ArgumentParser
import AviaryEnsemble
import Storage

/// The verb `aviary generate SPEC --out DIR`.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write zoo.cfg, the dynamic file and myid of every server of a spec.",
        discussion: "Apache ZooKeeper starts from them as they are.")

    @Argument(help: "The ensemble spec, a YAML file.", completion: .file(extensions: ["yaml"]))
    var spec: String

    @OptionGroup var output: OutputOptions

    @Option(name: .long, help: "The directory to write into; made if missing.")
    var out: String

    func run() throws {
        try Program.run {
            let read = try SpecFile.read(spec)
            let folders = read.servers.map {
                ServerFolder.generated($0, of: read, in: Program.absolute(out))
            }
            for folder in folders { try folder.write(in: POSIXFileSystem()) }
            let paths = folders.map(\.configurationPath)
            output.show(
                .object([
                    JSONValue.Field("ensemble", .string(read.name)),
                    JSONValue.Field("files", .list(paths.map { .string($0) })),
                ]), paths.joined(separator: "\n"))
        }
    }
}
