// From the text of a spec to what the user wants, or to everything that is wrong with it.

internal import YAML

/// Reads a spec.
public enum SpecParser {
    static let keys = [
        "version", "ensemble", "runtime", "docker", "ssh", "config", "servers",
    ]
    static let serverKeys = [
        "id", "host", "clientHost", "role", "ports", "dataDir", "dataLogDir", "group", "weight",
        "config",
    ]
    static let portKeys = ["client", "quorum", "election", "admin", "secureClient", "metrics"]
    static let runtimes = ["process", "docker", "ssh", "external"]
    static let roles = ["participant", "observer"]

    /// What the YAML reader says, and what it usually means.
    private static func hint(to message: String) -> String {
        let hints = [
            "cannot start any token": "indent with spaces, and quote what begins with @ or `",
            "expected alphabetic": "quote what begins with * or &",
            "mapping values are not allowed": "is a line above indented less than its neighbours?",
        ]
        let found = hints.first { message.contains($0.key) }
        return found.map { "\(message): \($0.value)" } ?? message
    }

    /// The spec, unless a problem is an error, and all problems in the order of the file.
    ///
    /// `file` is the name to show it under, `defaultName` the ensemble's if the text has none.
    public static func parse(
        _ text: String, file: String, defaultName: String
    ) -> (spec: EnsembleSpec?, problems: [SpecProblem]) {
        let root: YAMLNode
        do {
            root = try YAMLParser.parse(text)
        } catch {
            let problem = SpecProblem(
                severity: .error, message: hint(to: error.message), line: error.line,
                column: error.column)
            return (nil, [problem])
        }
        var reader = SpecReader()
        let fields = reader.fields(root, of: "the spec", known: keys)
        _ = reader.integer(fields["version"], "version", in: 1...1)
        let named = reader.text(fields["ensemble"], "ensemble") ?? defaultName
        if !isName(named) {
            reader.note(
                "an ensemble's name has letters, digits, '.', '_' and '-' only: \(named)",
                at: fields["ensemble"] ?? root)
        }
        let runtime = reader.word(fields["runtime"], "runtime", of: runtimes) ?? "process"
        let config = reader.config(fields["config"])
        var servers: [ServerSpec] = []
        if let node = fields["servers"] {
            servers = reader.servers(
                node, config: config, isOneMachine: runtime == "docker",
                isForeign: runtime == "external")
        } else if case .mapping = root.content {
            reader.note("servers is missing: a number, or a list of servers", at: root)
        }
        let image = reader.image(fields["docker"], runtime)
        let ssh = reader.ssh(fields["ssh"], runtime)
        if runtime == "docker" { SpecReader.name(&servers, in: named) }
        let problems = reader.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        guard !problems.contains(where: { $0.severity == .error }) else { return (nil, problems) }
        var spec = EnsembleSpec(name: named, runtime: runtime, config: config, servers: servers)
        spec.image = image
        spec.ssh = ssh
        if case .scalar = fields["servers"]?.content { spec.isCount = true }
        return (spec, problems)
    }

    /// Whether it can be an ensemble's name, which becomes a folder's.
    public static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 128 else {
            return false
        }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0))
                || [".", "_", "-"].contains($0)
        }
    }
}
