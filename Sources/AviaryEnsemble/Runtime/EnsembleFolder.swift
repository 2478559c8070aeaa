public import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where one ensemble lives on this machine: `$AVIARY_HOME/<ensemble>/<id>/`.
public struct EnsembleFolder: Sendable {
    /// The name of the ensemble.
    public let name: String
    /// Absolute.
    public let path: String

    /// The folder of the ensemble `name` under `home`.
    public init(_ name: String, home: String) {
        self.name = name
        self.path = home + "/" + name
    }

    private var recordPath: String { path + "/launcher" }

    /// Keeps the spec as it is running, ports included, for `down`, `status` and the next `up`.
    public func save(_ spec: EnsembleSpec) throws(StorageError) {
        let fileSystem = POSIXFileSystem()
        try fileSystem.makeDirectory(path)
        var lines = spec.config.map { "config \($0.key)=\($0.value)" }
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
            if let group = server.group { lines.append("group \(server.id) \(group)") }
            if let weight = server.weight { lines.append("weight \(server.id) \(weight)") }
        }
        try AtomicFile.write(
            Array((lines.joined(separator: "\n") + "\n").utf8), to: recordPath, in: fileSystem)
    }

    /// The spec that was kept, or nil if there is no such ensemble.
    public func load() throws -> EnsembleSpec? {
        guard let bytes = try AtomicFile.read(recordPath, in: POSIXFileSystem()) else {
            return nil
        }
        var spec = EnsembleSpec.local(name: name, count: 1)
        spec.servers = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            EnsembleFolder.read(line, into: &spec)
        }
        guard !spec.servers.isEmpty else {
            throw EnsembleError(
                .wrong,
                "the launcher's record \(recordPath) names no server: it is damaged. Write it anew "
                    + "with 'aviary up SPEC', or remove the ensemble: rm -r \(path)")
        }
        return spec
    }

    private static func read(_ line: Substring, into spec: inout EnsembleSpec) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2 else { return }
        if words[0] == "config" {
            if let entry = entry(line.dropFirst("config ".count)) { spec.config.append(entry) }
            return
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

    /// Removes the ensemble with all its data.
    public func purge() throws(StorageError) {
        try EnsembleFolder.removeTree(path, in: POSIXFileSystem())
    }

    private static func removeTree(
        _ path: String, in fileSystem: POSIXFileSystem
    ) throws(StorageError) {
        var status = stat()
        // What a link points at is not ours.
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            for name in try fileSystem.list(path) {
                try removeTree(path + "/" + name, in: fileSystem)
            }
            guard unsafe rmdir(path) == 0 else {
                throw StorageError(
                    .permission, "cannot be removed (\(Platform.text(of: errno)))", path: path)
            }
        } else {
            try fileSystem.remove(path)
        }
    }
}
