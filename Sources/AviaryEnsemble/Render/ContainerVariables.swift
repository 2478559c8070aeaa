// The environment that makes the entrypoint run the servers of a spec: the way back from
// ContainerEnvironment, by the same table of names.

/// A spec in the words of a container's environment.
struct ContainerVariables {
    /// A name and its value.
    typealias Variable = (name: String, value: String)

    let spec: EnsembleSpec

    /// Defaults of a spec that are not those of the official image's names.
    static let defaults: [ConfigEntry] = [
        ConfigEntry(key: "initLimit", value: "10"), ConfigEntry(key: "syncLimit", value: "5"),
        ConfigEntry(
            key: "4lw.commands.whitelist",
            value: "srvr,ruok,mntr,isro,envi,conf,stat,cons,dirs,wchs"),
    ]

    /// What all servers have in common but their list.
    func common() throws(EnsembleError) -> [Variable] {
        var entries = ContainerVariables.defaults
        for entry in spec.config {
            entries.removeAll { $0.key == entry.key }
            entries.append(entry)
        }
        return try variables(of: entries)
    }

    /// What a server has besides.
    func own(_ server: ServerSpec) throws(EnsembleError) -> [Variable] {
        var entries = ContainerVariables.keys(of: server.ports, besides: spec.config)
        for entry in server.config {
            entries.removeAll { $0.key == entry.key }
            entries.append(entry)
        }
        return try variables(of: entries)
    }

    /// What servers that are all alike have besides, with these ports.
    func own(_ ports: Ports) throws(EnsembleError) -> [Variable] {
        try variables(of: ContainerVariables.keys(of: ports, besides: spec.config))
    }

    /// The keys that a server's ports stand for, but for those that the list of members has; who
    /// provides metrics is the spec's choice, if it says so.
    static func keys(of ports: Ports, besides config: [ConfigEntry]) -> [ConfigEntry] {
        var entries: [ConfigEntry] = []
        if let port = ports.secureClient {
            entries.append(ConfigEntry(key: "secureClientPort", value: String(port)))
        }
        guard let port = ports.metrics else { return entries }
        if !config.contains(where: { $0.key == "metricsProvider.className" }) {
            entries.append(
                ConfigEntry(
                    key: "metricsProvider.className",
                    value: "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"))
        }
        entries.append(ConfigEntry(key: "metricsProvider.httpPort", value: String(port)))
        return entries
    }

    /// The words of `ZOO_SERVERS`, for the servers as they are placed.
    static func members(_ placed: EnsembleSpec) -> [String] {
        ServerFolder.dynamicText(of: placed).split(separator: "\n").map(String.init)
    }

    private func variables(of entries: [ConfigEntry]) throws(EnsembleError) -> [Variable] {
        var variables: [Variable] = []
        var extra: [String] = []
        for entry in entries {
            if let name = ContainerVariables.name(of: entry.key) {
                variables.append((name, entry.value))
            } else if !entry.value.contains(where: \.isWhitespace) {
                extra.append("\(entry.key)=\(entry.value)")
            } else {
                throw EnsembleError(
                    .wrong,
                    "\(entry.key) has a value with blanks, for which an environment has no name: "
                        + "write it without them")
            }
        }
        if !extra.isEmpty { variables.append(("ZOO_CFG_EXTRA", extra.joined(separator: " "))) }
        return variables
    }

    /// The official name of a key, else the one that every key has; nil if its letters forbid one.
    static func name(of key: String) -> String? {
        for variable in ContainerVariable.official where variable.0.hasPrefix("ZOO_") {
            switch variable.1 {
            case .key(let known) where known == key: return variable.0
            case .flag(let known) where known == key: return variable.0
            default: break
            }
        }
        let isPlain = key.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == ".")
        }
        return isPlain ? "ZOO_CFG_" + key.map { $0 == "." ? "_" : String($0) }.joined() : nil
    }
}
