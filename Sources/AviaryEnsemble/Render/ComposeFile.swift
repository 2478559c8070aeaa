// An ensemble as a compose file, in the form of those in compose/.

/// Renders a compose file.
public enum ComposeFile {
    /// The file of a spec.
    public static func render(
        _ spec: EnsembleSpec, _ options: RenderOptions
    ) throws(EnsembleError) -> RenderedFile {
        let placed = place(spec)
        let variables = ContainerVariables(spec: spec)
        let members = ContainerVariables.members(placed).map { "    \($0)\n" }.joined()
        let common = try variables.common()
            .map { "  \($0.name): \(RenderText.quotedForCompose($0.value))\n" }.joined()
        let published = publishedPorts(spec)
        let connect = published.map { "localhost:\($0.client)" }.joined(separator: ",")
        var tls = published.compactMap(\.secureClient).map { "localhost:\($0)" }
            .joined(separator: ",")
        if !tls.isEmpty { tls = ", with TLS to\n# \(tls)" }
        var files: [String] = []
        for server in spec.servers { files += try TLSFiles.paths(server, of: spec) }
        let note =
            files.isEmpty
            ? ""
            : "\n# The files of TLS are those of this machine, at the same paths; they must be there, readable for"
                + "\n# user 1000, who the servers run as."
        let count = RenderText.servers(spec.servers.count)
        var text = """
            # The ensemble \(spec.name), \(count), made by 'aviary render compose'.
            # 'docker compose -f FILE up -d' starts it; clients then connect to
            # \(connect)\(tls).\(note)
            x-server: &server
              image: \(RenderText.quotedForCompose(options.image))
              restart: unless-stopped
              read_only: true
              stop_grace_period: 15s
              healthcheck: {test: ["CMD", "aviary", "health", "--ready"], interval: 5s, timeout: 3s, retries: 3}
            x-environment: &environment
              ZOO_SERVERS: >-
            \(members)\(common)

            """
        text += "services:\n"
        for ((server, placedServer), ports) in zip(zip(spec.servers, placed.servers), published) {
            text += try service(server, placedServer, ports, variables)
        }
        text += "\nvolumes:\n"
        for server in spec.servers { text += "  data\(server.id):\n  datalog\(server.id):\n" }
        return RenderedFile(name: "compose.yaml", text: text)
    }

    private static func service(
        _ server: ServerSpec, _ placed: ServerSpec, _ published: Ports,
        _ variables: ContainerVariables
    ) throws(EnsembleError) -> String {
        let pairs = [
            (published.client, 2181), (published.secureClient, server.ports.secureClient),
            (published.metrics, server.ports.metrics),
        ]
        let ports = pairs.compactMap { outside, inside in
            outside.flatMap { outside in inside.map { "\"\(outside):\($0)\"" } }
        }
        let own = try variables.own(server).map {
            "      \($0.name): \(RenderText.quotedForCompose($0.value))\n"
        }.joined()
        return """
              \(placed.host):
                <<: *server
                hostname: \(placed.host)
                environment:
                  <<: *environment
                  ZOO_MY_ID: "\(server.id)"
            \(own)    ports: [\(ports.joined(separator: ", "))]
            \(try volumes(server, variables.spec))

            """
    }

    /// The server's own volumes, and the files of TLS.
    ///
    /// In the long form a file that is missing is
    /// an error; the short one would make a folder of its name.
    private static func volumes(
        _ server: ServerSpec, _ spec: EnsembleSpec
    ) throws(EnsembleError) -> String {
        let own = ["\"data\(server.id):/data\"", "\"datalog\(server.id):/datalog\""]
        let files = try TLSFiles.paths(server, of: spec).map { path in
            let place = RenderText.quotedForCompose(path)
            return "{type: bind, source: \(place), target: \(place), read_only: true}"
        }
        guard !files.isEmpty else { return "    volumes: [\(own.joined(separator: ", "))]" }
        return "    volumes:\n" + (own + files).map { "      - \($0)" }.joined(separator: "\n")
    }

    /// The servers where they are within the project: a name each, and the usual ports.
    static func place(_ spec: EnsembleSpec) -> EnsembleSpec {
        var placed = spec
        let hosts = spec.servers.map { $0.host.lowercased() }
        let areNames = Set(hosts).count == hosts.count && hosts.allSatisfy(isServiceName)
        for index in placed.servers.indices {
            if !areNames { placed.servers[index].host = "zoo\(spec.servers[index].id)" }
            placed.servers[index].ports.client = 2181
            placed.servers[index].ports.quorum = 2888
            placed.servers[index].ports.election = 3888
        }
        return placed
    }

    private static func isServiceName(_ host: String) -> Bool {
        host != "localhost" && (host.first?.isLetter ?? false)
            && host.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
            }
    }

    /// Those on this machine for each: the spec's, if no two are the same.
    static func publishedPorts(_ spec: EnsembleSpec) -> [Ports] {
        var published = spec.servers.map(\.ports)
        func number(_ kind: WritableKeyPath<Ports, Int?>, from base: Int) {
            let chosen = spec.servers.compactMap { $0.ports[keyPath: kind] }
            guard Set(chosen).count != chosen.count else { return }
            for place in published.indices where published[place][keyPath: kind] != nil {
                published[place][keyPath: kind] = base + place
            }
        }
        let clients = spec.servers.map(\.ports.client)
        if Set(clients).count != clients.count {
            for place in published.indices { published[place].client = 2181 + place }
        }
        number(\.secureClient, from: 2281)
        number(\.metrics, from: 7000)
        return published
    }
}
