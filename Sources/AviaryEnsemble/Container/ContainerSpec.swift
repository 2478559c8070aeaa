// A spec as the source of a container's configuration: the file is mounted, and AVIARY_SPEC names it.

internal import Configuration
internal import Records

extension ContainerServerPlanner {
    /// Takes over the servers and keys of the spec that `AVIARY_SPEC` names.
    ///
    /// - Returns: what is wrong with it.
    mutating func readSpec() -> [String] {
        guard let path = environment.place("AVIARY_SPEC") else { return [] }
        guard let source = situation.read(path) else {
            return [
                "AVIARY_SPEC=\(path): there is no such file, or it cannot be read; mount it there"
            ]
        }
        let (spec, found) = SpecParser.parse(source, file: path, defaultName: "container")
        guard let spec else {
            return found.map { $0.rendered(file: path, source: source) }
        }
        if spec.servers.count > 1, spec.servers.allSatisfy({ $0.host == "localhost" }) {
            return [
                "\(path): its \(spec.servers.count) servers are all on localhost, where a container "
                    + "finds only itself: each server needs a 'host', the name of its container, as "
                    + "in '- {id: 1, host: zoo1}'. (Containers on their host's network: "
                    + "'host: 127.0.0.1')"
            ]
        }
        notes += found.map { $0.rendered(file: path, source: source) }
        for line in ServerFolder.dynamicText(of: spec).split(separator: "\n") {
            if let pair = ContainerServers.pair(line) { settings.set(pair.key, pair.value, path) }
        }
        let server = own(of: spec, path)
        let keys = server.map { ContainerVariables.keys(of: $0.ports, besides: spec.config) } ?? []
        // A server is the same whether its spec is mounted, rendered or brought up.
        for entry in ContainerVariables.defaults + keys + spec.config {
            settings.set(entry.key, entry.value, path)
        }
        if let server { adopt(server, path) }
        return []
    }

    /// The server of the spec that this container is, as far as that is known without its data.
    private func own(of spec: EnsembleSpec, _ path: String) -> ServerSpec? {
        let text = ServerFolder.dynamicText(of: spec)
        guard let members = try? DynamicFile.parse(text, file: path).members else { return nil }
        var probe = ContainerSettings()
        var reader = environment
        reader.apply(to: &probe)
        let identity = ContainerIdentity(
            named: reader.identity, hostName: situation.hostName, file: "", stored: nil)
        let id = reader.identity?.id ?? identity.derived(among: members)?.id
        return spec.servers.first { $0.id == id }
    }

    private mutating func adopt(_ server: ServerSpec, _ path: String) {
        let hasPlace = environment.values["ZOO_DATA_DIR"] != nil
        if let data = server.dataDir, !hasPlace { settings.set("dataDir", data, path) }
        let hasLogs = environment.values["ZOO_DATA_LOG_DIR"] != nil
        if let logs = server.dataLogDir, !hasLogs { settings.set("dataLogDir", logs, path) }
        if let port = server.ports.admin { settings.set("admin.serverPort", String(port), path) }
        for entry in server.config { settings.set(entry.key, entry.value, path) }
    }
}
