// A unit of systemd for each server: one file that holds all there is to know of it.

/// Renders units.
public enum SystemdUnits {
    /// A unit for each server of the spec, for the host that the spec names.
    public static func render(
        _ spec: EnsembleSpec, _ options: RenderOptions
    ) throws(EnsembleError) -> [RenderedFile] {
        var files: [RenderedFile] = []
        for server in spec.servers { files.append(try unit(server, spec, options)) }
        return files
    }

    /// The name of a server's unit.
    static func name(_ server: ServerSpec, _ spec: EnsembleSpec) -> String {
        "aviary-\(spec.name)-\(server.id).service"
    }

    private static func unit(
        _ server: ServerSpec, _ spec: EnsembleSpec, _ options: RenderOptions
    ) throws(EnsembleError) -> RenderedFile {
        let variables = ContainerVariables(spec: spec)
        let home = "/var/lib/aviary/\(spec.name)-\(server.id)"
        let data = server.dataDir ?? home + "/data"
        let members = ContainerVariables.members(spec).joined(separator: " ")
        var environment: [ContainerVariables.Variable] = [
            ("ZOO_MY_ID", String(server.id)), ("ZOO_SERVERS", members),
            ("ZOO_CONF_DIR", home), ("ZOO_DATA_DIR", data),
            ("ZOO_DATA_LOG_DIR", server.dataLogDir ?? data),
        ]
        environment += try variables.common()
        if let port = server.ports.admin {
            environment.append(("ZOO_CFG_admin_serverPort", String(port)))
        }
        environment += try variables.own(server)
        let lines = environment.map { "Environment=\(quoted("\($0.name)=\($0.value)"))\n" }.joined()
        let name = name(server, spec)
        let files = try TLSFiles.paths(server, of: spec)
        let note =
            files.isEmpty
            ? ""
            : "\n# The server's user must be able to read \(files.joined(separator: ", "))."
        let text = """
            # Server \(server.id) of the ensemble \(spec.name), for the host \(server.host), made by
            # 'aviary render systemd'. As root on that host:
            #   cp \(name) /etc/systemd/system/ && systemctl daemon-reload
            #   systemctl enable --now \(name)\(note)
            [Unit]
            Description=ZooKeeper server \(server.id) of \(spec.name.replacing("%", with: "%%"))
            After=network-online.target
            Wants=network-online.target

            [Service]
            ExecStart=\(quoted(options.binary)) entrypoint
            \(lines)\(owner(server, spec))Restart=always
            RestartSec=2
            # What is queued is written first, and that may take a moment.
            TimeoutStopSec=30
            LimitNOFILE=65536
            NoNewPrivileges=yes
            ProtectSystem=strict
            ProtectHome=yes
            PrivateTmp=yes

            [Install]
            WantedBy=multi-user.target

            """
        return RenderedFile(name: name, text: text)
    }

    /// Who the server runs as, and where it may write.
    private static func owner(_ server: ServerSpec, _ spec: EnsembleSpec) -> String {
        let state = "StateDirectory=aviary/\(spec.name)-\(server.id)\n"
        let places = [server.dataDir, server.dataLogDir].compactMap { $0 }
        guard !places.isEmpty else { return "DynamicUser=yes\n" + state }
        let paths = places.map(quoted).joined(separator: " ")
        return """
            # The folders are on disks of their own, so they need an owner who stays:
            # 'useradd --system zookeeper' makes one.
            User=zookeeper
            ExecStartPre=+install -d -o zookeeper -g zookeeper \(paths)
            ReadWritePaths=\(places.map { "-" + $0 }.map(quoted).joined(separator: " "))
            \(state)
            """
    }

    /// A word of a unit: blanks, quotes and percent signs are nothing special.
    static func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\"", "\\": result += "\\" + String(character)
            case "%": result += "%%"
            default: result.append(character)
            }
        }
        return "\"\(result)\""
    }
}
