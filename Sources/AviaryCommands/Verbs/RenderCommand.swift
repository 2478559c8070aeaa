import ArgumentParser
import AviaryEnsemble
import Storage

/// The verb `aviary render compose|kubernetes|systemd [SPEC]`.
struct RenderCommand: ParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case compose, kubernetes, systemd
    }

    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Write the files that others start an ensemble from.",
        discussion: """
            compose: a file for docker compose. kubernetes: manifests for kubectl. systemd: a unit \
            for each server. They are made to be read, kept and edited, and work as they are. \
            On standard output, unless --out names a directory.
            """)

    @Argument(help: "compose, kubernetes or systemd.")
    var form: Form

    @Argument(
        help: "The ensemble spec, a YAML file; three servers without one.",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @Option(name: .long, help: "The directory to write into; made if missing.")
    var out: String?

    @Option(name: .long, help: "The container image.")
    var image = "aviary"

    @Option(name: .long, help: "The program on the hosts (systemd).")
    var binary = "/usr/local/bin/aviary"

    @Option(name: .long, help: "How many servers the ensemble began with, if it has grown since.")
    var first: Int?

    @Option(
        name: .long,
        help: "A file with user:password of who may change the members; made up without it.",
        completion: .file())
    var credential: String?

    func validate() throws {
        if let first, !(1...255).contains(first) {
            throw ValidationError("--first is a number of servers, 1 to 255")
        }
        guard binary.hasPrefix("/") else {
            throw ValidationError("--binary is the program's whole path on the hosts")
        }
    }

    func run() throws {
        try Program.run {
            let read = try spec.map { try SpecFile.read($0) }
            let wanted = read ?? EnsembleSpec.local(name: "zookeeper", count: 3)
            var options = RenderOptions(
                authentication: try credential.flatMap { try ChangeOptions.authentication(in: $0) })
            options.image = image
            options.binary = binary
            options.firstCount = first
            let files =
                switch form {
                case .compose: [try ComposeFile.render(wanted, options)]
                case .kubernetes: [try KubernetesManifests.render(wanted, options)]
                case .systemd: try SystemdUnits.render(wanted, options)
                }
            guard let out else {
                return Program.show(files.map(\.text).joined(separator: "\n"))
            }
            let fileSystem = POSIXFileSystem()
            let directory = Program.absolute(out)
            try fileSystem.makeDirectory(directory)
            for file in files {
                let path = "\(directory)/\(file.name)"
                try LauncherFile.write(file.text, asked: path)
                Program.show(path)
            }
        }
    }
}
