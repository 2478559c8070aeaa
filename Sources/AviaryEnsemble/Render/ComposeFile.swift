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
        let connect = publishedPorts(spec).map { "localhost:\($0)" }.joined(separator: ",")
        let count = RenderText.servers(spec.servers.count)
        var text = """
            # The ensemble \(spec.name), \(count), made by 'aviary render compose'.
            # 'docker compose -f FILE up -d' starts it; clients then connect to
            # \(connect).
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
        for ((server, placedServer), port) in zip(
            zip(spec.servers, placed.servers), publishedPorts(spec))
        {
            text += try service(server, placedServer, port, variables)
        }
        text += "\nvolumes:\n"
        for server in spec.servers { text += "  data\(server.id):\n  datalog\(server.id):\n" }
        return RenderedFile(name: "compose.yaml", text: text)
    }

    private static func service(
        _ server: ServerSpec, _ placed: ServerSpec, _ port: Int, _ variables: ContainerVariables
    ) throws(EnsembleError) -> String {
        var ports = ["\"\(port):2181\""]
        if let metrics = server.ports.metrics { ports.append("\"\(metrics):\(metrics)\"") }
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
                volumes: ["data\(server.id):/data", "datalog\(server.id):/datalog"]

            """
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

    /// One on this machine for each: those of the spec, if no two are the same.
    static func publishedPorts(_ spec: EnsembleSpec) -> [Int] {
        let chosen = spec.servers.map(\.ports.client)
        return Set(chosen).count == chosen.count ? chosen : chosen.indices.map { 2181 + $0 }
    }
}
