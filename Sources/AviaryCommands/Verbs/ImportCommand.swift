import ArgumentParser
import AviaryEnsemble
import Storage

/// The verb `aviary import HOST:PORT,…|PATH…`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a spec of an ensemble that runs, or of existing zoo.cfg files.",
        discussion: """
            Of a running ensemble name the client port of one server or more. Of files name the \
            zoo.cfg of every server, or directories that hold one each, or the one file that all \
            servers have. The spec goes to standard output, what it cannot say to standard error.
            """)

    @Argument(
        help: "HOST:PORT,HOST:PORT of servers, or zoo.cfg files.", completion: .file())
    var sources: [String]

    @Option(name: .long, help: "The name of the ensemble in the spec.")
    var name = "imported"

    @Option(name: .long, help: "Write the spec to a file instead.", completion: .file())
    var out: String?

    @Option(
        name: .long,
        help: "A file with user:password of who may read the members, where not everybody may.",
        completion: .file())
    var credential: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard SpecParser.isName(name) else {
            throw ValidationError(
                "an ensemble's name has letters, digits, '.', '_' and '-' only: \(name)")
        }
        guard !sources.isEmpty else {
            throw ValidationError("name HOST:PORT of a server, or a zoo.cfg")
        }
    }

    func run() async throws {
        try await Program.run {
            let found = try await isLive ? importServers() : importFiles()
            for note in found.notes { Program.note("aviary: \(note)") }
            let text = output.json ? found.spec.json.text : found.spec.yaml
            guard let out else {
                Program.show(text.last == "\n" ? String(text.dropLast()) : text)
                return
            }
            try LauncherFile.write(
                text.last == "\n" ? text : text + "\n", asked: Program.absolute(out))
            Program.note("\(out) describes \(name); 'aviary plan \(out)' compares")
        }
    }

    /// Whether servers are named: a file is a file even if its name has a colon.
    private var isLive: Bool {
        let fileSystem = POSIXFileSystem()
        let isFile = sources.contains { (try? fileSystem.exists($0)) ?? false }
        return !isFile && sources.allSatisfy { $0.contains(":") && !$0.contains("/") }
    }

    private func importServers() async throws -> EnsembleImport {
        try await EnsembleImport.live(
            sources.joined(separator: ","), name: name,
            authentication: credential.map { try ChangeOptions.authentication(in: $0) })
    }

    private func importFiles() throws -> EnsembleImport {
        try EnsembleImport.configurations(sources.map { Program.absolute($0) }, name: name)
    }
}
