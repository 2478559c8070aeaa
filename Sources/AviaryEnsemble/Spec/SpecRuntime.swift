// What a spec says about the place that its servers run at.

internal import YAML

extension SpecReader {
    private static let sshKeys = ["user", "port", "identity", "directory", "binary", "options"]

    /// The image that containers are made from.
    mutating func image(_ node: YAMLNode?, _ runtime: String) -> String? {
        guard let node else { return nil }
        let fields = fields(node, of: "docker", known: ["image"])
        if runtime != "docker" {
            note("docker is read with runtime: docker only", at: node, severity: .warning)
        }
        return word(fields["image"], "image")
    }

    /// How hosts are reached.
    mutating func ssh(_ node: YAMLNode?, _ runtime: String) -> SSHSettings? {
        guard let node else { return nil }
        let fields = fields(node, of: "ssh", known: SpecReader.sshKeys)
        if runtime != "ssh" {
            note("ssh is read with runtime: ssh only", at: node, severity: .warning)
        }
        var settings = SSHSettings()
        settings.user = word(fields["user"], "user")
        settings.port = integer(fields["port"], "port", in: 1...65535)
        settings.binary = text(fields["binary"], "binary")
        settings.identity = text(fields["identity"], "identity")
        if let directory = text(fields["directory"], "directory"), let place = fields["directory"] {
            if !directory.hasPrefix("/") { note("directory must begin with /", at: place) }
            settings.directory = directory
        }
        if let options = fields["options"] {
            if case .sequence(let items) = options.content {
                settings.options = items.compactMap { text($0, "an option of ssh") }
            } else {
                note(
                    "options must be a list, as in [StrictHostKeyChecking=accept-new]", at: options)
            }
        }
        return settings
    }

    /// Containers know each other by names.
    static func name(_ servers: inout [ServerSpec], in ensemble: String) {
        for place in servers.indices where servers[place].host == "localhost" {
            servers[place].host = containerHost(servers[place].id, in: ensemble)
        }
    }

    static func containerHost(_ id: Int, in ensemble: String) -> String {
        "\(ensemble)-\(id)".lowercased().map { $0 == "_" || $0 == "." ? "-" : String($0) }.joined()
    }
}
