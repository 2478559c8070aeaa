// A spec as text: what an import writes, and what SpecParser reads again.

extension EnsembleSpec {
    /// As people write it.
    public var yaml: String {
        var lines = ["version: 1", "ensemble: \(SpecText.scalar(name))"]
        lines.append("runtime: \(runtime)")
        if let image { lines.append("docker: {image: \(SpecText.scalar(image))}") }
        if let ssh { lines.append("ssh: \(SpecText.json(ssh).text)") }
        lines += SpecText.config(config, indent: "")
        lines.append("servers:")
        for server in servers { lines += SpecText.lines(of: server) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs; JSON is YAML too.
    public var json: JSONValue {
        var fields = [
            JSONValue.Field("version", .integer(1)), JSONValue.Field("ensemble", .string(name)),
            JSONValue.Field("runtime", .string(runtime)),
        ]
        if let image {
            fields.append(
                JSONValue.Field("docker", .object([JSONValue.Field("image", .string(image))])))
        }
        if let ssh { fields.append(JSONValue.Field("ssh", SpecText.json(ssh))) }
        if !config.isEmpty { fields.append(JSONValue.Field("config", SpecText.json(config))) }
        fields.append(JSONValue.Field("servers", .list(servers.map(SpecText.json))))
        return .object(fields)
    }
}

/// The parts of a spec's text.
private enum SpecText {
    /// Quoted unless nobody could take it for anything else.
    static func scalar(_ text: String) -> String {
        let safe = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || ["_", ".", "/", "-"].contains(scalar))
        }
        guard safe, let first = text.utf8.first, first != UInt8(ascii: "-"), text != "null"
        else { return JSONValue.string(text).text }
        return text
    }

    static func config(_ entries: [ConfigEntry], indent: String) -> [String] {
        guard !entries.isEmpty else { return [] }
        return ["\(indent)config:"]
            + entries.map { "\(indent)  \(scalar($0.key)): \(scalar($0.value))" }
    }

    static func lines(of server: ServerSpec) -> [String] {
        var lines = ["  - id: \(server.id)", "    host: \(scalar(server.host))"]
        if let host = server.clientHost { lines.append("    clientHost: \(scalar(host))") }
        if server.isObserver { lines.append("    role: observer") }
        let ports = server.ports.named.map { "\($0.key): \($0.port)" }.joined(separator: ", ")
        lines.append("    ports: {\(ports)}")
        if let directory = server.dataDir { lines.append("    dataDir: \(scalar(directory))") }
        if let directory = server.dataLogDir {
            lines.append("    dataLogDir: \(scalar(directory))")
        }
        if let group = server.group { lines.append("    group: \(group)") }
        if let weight = server.weight { lines.append("    weight: \(weight)") }
        return lines + config(server.config, indent: "    ")
    }

    static func json(_ settings: SSHSettings) -> JSONValue {
        var fields: [JSONValue.Field] = []
        if let user = settings.user { fields.append(JSONValue.Field("user", .string(user))) }
        if let port = settings.port { fields.append(JSONValue.Field("port", .integer(port))) }
        let texts = [("identity", settings.identity), ("binary", settings.binary)]
        for case (let key, let text?) in texts {
            fields.append(JSONValue.Field(key, .string(text)))
        }
        fields.append(JSONValue.Field("directory", .string(settings.directory)))
        if !settings.options.isEmpty {
            let options = settings.options.map { JSONValue.string($0) }
            fields.append(JSONValue.Field("options", .list(options)))
        }
        return .object(fields)
    }

    static func json(_ entries: [ConfigEntry]) -> JSONValue {
        .object(entries.map { JSONValue.Field($0.key, .string($0.value)) })
    }

    static func json(_ server: ServerSpec) -> JSONValue {
        var fields = [
            JSONValue.Field("id", .integer(server.id)),
            JSONValue.Field("host", .string(server.host)),
            JSONValue.Field("role", .string(server.isObserver ? "observer" : "participant")),
            JSONValue.Field(
                "ports",
                .object(server.ports.named.map { JSONValue.Field($0.key, .integer($0.port)) })),
        ]
        if let host = server.clientHost {
            fields.append(JSONValue.Field("clientHost", .string(host)))
        }
        if let directory = server.dataDir {
            fields.append(JSONValue.Field("dataDir", .string(directory)))
        }
        if let directory = server.dataLogDir {
            fields.append(JSONValue.Field("dataLogDir", .string(directory)))
        }
        if let group = server.group { fields.append(JSONValue.Field("group", .integer(group))) }
        if let weight = server.weight { fields.append(JSONValue.Field("weight", .integer(weight))) }
        if !server.config.isEmpty {
            fields.append(JSONValue.Field("config", json(server.config)))
        }
        return .object(fields)
    }
}
