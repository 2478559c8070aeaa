// The spec as the launcher keeps it in the ensemble's folder: a line a fact, ports included.

/// A spec as lines, and back.
enum EnsembleRecord {
    /// The lines of a spec.
    static func text(of spec: EnsembleSpec) -> String {
        var lines = ["runtime \(spec.runtime)"]
        if let image = spec.image { lines.append("image \(image)") }
        if let ssh = spec.ssh { lines += text(of: ssh) }
        lines += spec.config.map { "config \($0.key)=\($0.value)" }
        for server in spec.servers {
            let ports = server.ports
            lines.append(
                "server \(server.id) \(server.host) \(server.isObserver ? "observer" : "participant") "
                    + "\(ports.client) \(ports.quorum) \(ports.election) \(ports.admin ?? 0) "
                    + "\(ports.secureClient ?? 0) \(ports.metrics ?? 0)")
            if let directory = server.dataDir { lines.append("dataDir \(server.id) \(directory)") }
            if let directory = server.dataLogDir {
                lines.append("dataLogDir \(server.id) \(directory)")
            }
            lines += server.config.map { "own \(server.id) \($0.key)=\($0.value)" }
            if let binary = server.binary { lines.append("binary \(server.id) \(binary)") }
            if let mark = server.rollMark { lines.append("roll \(server.id) \(mark)") }
            if let group = server.group { lines.append("group \(server.id) \(group)") }
            if let weight = server.weight { lines.append("weight \(server.id) \(weight)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(of ssh: SSHSettings) -> [String] {
        var lines = ["ssh directory=\(ssh.directory)"]
        if let user = ssh.user { lines.append("ssh user=\(user)") }
        if let binary = ssh.binary { lines.append("ssh binary=\(binary)") }
        if let port = ssh.port { lines.append("ssh port=\(port)") }
        if let identity = ssh.identity { lines.append("ssh identity=\(identity)") }
        return lines + ssh.options.map { "ssh option=\($0)" }
    }

    private static func read(ssh entry: ConfigEntry, into spec: inout EnsembleSpec) {
        var ssh = spec.ssh ?? SSHSettings()
        switch entry.key {
        case "directory": ssh.directory = entry.value
        case "user": ssh.user = entry.value
        case "port": ssh.port = Int(entry.value)
        case "identity": ssh.identity = entry.value
        case "binary": ssh.binary = entry.value
        case "option": ssh.options.append(entry.value)
        default: break
        }
        spec.ssh = ssh
    }

    /// The spec of such lines; lines that mean nothing are skipped.
    static func spec(_ text: String, name: String) -> EnsembleSpec {
        var spec = EnsembleSpec(name: name, runtime: "process", config: [], servers: [])
        for line in text.split(separator: "\n") { read(line, into: &spec) }
        return spec
    }

    private static func read(_ line: Substring, into spec: inout EnsembleSpec) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2 else { return }
        if words[0] == "config" {
            if let entry = entry(line.dropFirst("config ".count)) { spec.config.append(entry) }
            return
        }
        switch words[0] {
        case "runtime": spec.runtime = String(words[1])
        case "image": spec.image = String(line.dropFirst("image ".count))
        case "ssh": if let entry = entry(line.dropFirst(4)) { read(ssh: entry, into: &spec) }
        default: break
        }
        guard words.count == 3, let id = Int(words[1]) else { return }
        let rest = words[2]
        if words[0] == "server" {
            let fields = rest.split(separator: " ")
            let numbers = fields.dropFirst(2).compactMap { Int($0) }
            guard fields.count >= 6, numbers.count == fields.count - 2 else { return }
            func optional(_ place: Int) -> Int? {
                numbers.indices.contains(place) && numbers[place] != 0 ? numbers[place] : nil
            }
            let ports = Ports(
                client: numbers[0], quorum: numbers[1], election: numbers[2], admin: optional(3),
                secureClient: optional(4), metrics: optional(5))
            spec.servers.append(
                ServerSpec(
                    id: id, host: String(fields[0]), isObserver: fields[1] == "observer",
                    ports: ports, arePortsChosen: true))
            return
        }
        guard let place = spec.servers.firstIndex(where: { $0.id == id }) else { return }
        switch words[0] {
        case "dataDir": spec.servers[place].dataDir = String(rest)
        case "dataLogDir": spec.servers[place].dataLogDir = String(rest)
        case "group": spec.servers[place].group = Int(rest)
        case "weight": spec.servers[place].weight = Int(rest)
        case "binary": spec.servers[place].binary = String(rest)
        case "roll": spec.servers[place].rollMark = String(rest)
        case "own":
            if let entry = entry(rest) { spec.servers[place].config.append(entry) }
        default: break
        }
    }

    private static func entry(_ text: Substring) -> ConfigEntry? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        return ConfigEntry(
            key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }
}
