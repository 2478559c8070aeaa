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

    @Option(name: .long, help: "The directory to write into; made if missing.")
    var out: String

    func run() throws {
        try Program.run {
            let read = try SpecFile.read(spec)
            let base = out.hasPrefix("/") ? out : Program.directory + "/" + out
            for server in read.servers {
                let folder = ServerFolder(server, of: read, in: base)
                try folder.write(in: POSIXFileSystem())
                print(folder.configurationPath)
            }
        }
    }
}

/// The verb `aviary schema`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON schema of the spec, for editors.")

    func run() { print(EnsembleSchema.json, terminator: "") }
}
