// The words a container is started with: those of the official image and its scripts, our own
// verbs, or another program.

/// What the words behind `aviary entrypoint` ask for.
enum ContainerCommand: Equatable {
    /// Run a server; the directory and the name of its configuration, if they are given.
    case serve(directory: String?, file: String?)
    /// Show a server's mode.
    case status(directory: String?, file: String?)
    case version
    case shell([String])
    case verb([String])
    case execute([String])

    /// What other images have in the place of `zkServer.sh start-foreground`.
    private static let otherStarts: Set<String> = [
        "/etc/confluent/docker/run", "/run.sh", "/opt/bitnami/scripts/zookeeper/run.sh",
        "/opt/zookeeper/bin/start-zk.sh",
    ]
    private static let usage =
        "zkServer.sh [--config DIR] start-foreground|status|version [FILE]"

    /// Reads the words; `verbs` are those of this program.
    init(_ arguments: [String], verbs: Set<String>) throws(ContainerProblems) {
        guard let first = arguments.first else {
            self = .serve(directory: nil, file: nil)
            return
        }
        let rest = Array(arguments.dropFirst())
        let name = first.split(separator: "/").last.map(String.init) ?? first
        switch name {
        case "zkServer.sh": self = try ContainerCommand.script(rest)
        case "start-foreground": self = try ContainerCommand.script(arguments)
        case "zkCli.sh": self = .shell(rest)
        case "docker-entrypoint.sh", "entrypoint":
            self = try ContainerCommand(rest, verbs: verbs)
        case "aviary": self = .verb(rest)
        default:
            if ContainerCommand.otherStarts.contains(first) {
                self = .serve(directory: nil, file: nil)
            } else {
                self = verbs.contains(first) ? .verb(arguments) : .execute(arguments)
            }
        }
    }

    /// The words of `zkServer.sh`.
    private static func script(_ words: [String]) throws(ContainerProblems) -> ContainerCommand {
        var words = words[...]
        var directory: String?
        if words.first == "--config" {
            words.removeFirst()
            guard let given = words.popFirst() else {
                throw ContainerProblems("--config needs a directory: \(usage)")
            }
            directory = given
        }
        let command = words.popFirst() ?? "start-foreground"
        let file = words.popFirst()
        switch command {
        case "start-foreground": return .serve(directory: directory, file: file)
        case "status": return .status(directory: directory, file: file)
        case "version": return .version
        case "start", "stop", "restart":
            throw ContainerProblems(
                "zkServer.sh \(command) has no use in a container, whose engine starts and stops it: "
                    + usage)
        default: throw ContainerProblems("zkServer.sh has no command \(command): \(usage)")
        }
    }
}
