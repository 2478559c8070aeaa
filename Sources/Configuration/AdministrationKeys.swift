import Records

// The keys of what is served over HTTP: the AdminServer and Prometheus' endpoint.

/// What zoo.cfg says of the AdminServer.
public struct AdminConfiguration: Equatable, Sendable {
    /// Whether there is one.
    public var isEnabled = true
    /// Where it listens; nil is every address.
    public var address: String?
    /// The port.
    public var port: UInt16 = 8080
    /// What the paths of commands start with.
    public var commandURL = "/commands"
    /// How long a connection may say nothing, milliseconds.
    public var idleTimeout: Int64 = 30_000
    /// How long after a snapshot, or a restore, the next may follow, milliseconds.
    public var rateLimitMilliseconds: Int64 = 300_000
    /// Whether snapshots may be taken.
    public var isSnapshotEnabled = true
    /// Whether they may be restored.
    public var isRestoreEnabled = true
    /// Whether the address that a proxy names counts in place of the proxy's own.
    public var trustsForwardedFor = false
    /// Whether the port takes both plain connections and TLS.
    public var isUnified = false
    /// Whether the port takes TLS alone.
    public var needsTLS = false
    /// Whether clients must show a certificate.
    public var needsClientCertificate = false

    /// The defaults.
    public init() {}
}

/// What zoo.cfg says of the endpoint for Prometheus.
public struct MetricsConfiguration: Equatable, Sendable {
    /// Whether there is one: it is asked for by the name of a class.
    public var isEnabled = false
    /// Where it listens; nil is every address.
    public var address: String?
    /// The port.
    public var port: UInt16 = 7000
    /// Whether figures of the process are among the metrics, under names that JVMs have.
    public var exportsProcess = true

    /// The defaults.
    public init() {}
}

extension ServerConfigurationParser {
    /// Takes a key in, if it is one of these.
    mutating func readAdministration(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        switch key {
        case "admin.enableServer": configuration.admin.isEnabled = lenientFlag(value, entry)
        case "admin.serverAddress": configuration.admin.address = value
        case "admin.serverPort": readPort(\.admin.port, entry)
        case "admin.commandURL": readCommandURL(value, entry)
        case "admin.idleTimeout": readMilliseconds(\.admin.idleTimeout, entry)
        case "admin.rateLimiterIntervalInMS":
            readMilliseconds(\.admin.rateLimitMilliseconds, entry)
        case "admin.snapshot.enabled":
            configuration.admin.isSnapshotEnabled = lenientFlag(value, entry)
        case "admin.restore.enabled":
            configuration.admin.isRestoreEnabled = lenientFlag(value, entry)
        case "admin.portUnification": configuration.admin.isUnified = lenientFlag(value, entry)
        case "admin.forceHttps": configuration.admin.needsTLS = lenientFlag(value, entry)
        case "admin.needClientAuth":
            configuration.admin.needsClientCertificate = lenientFlag(value, entry)
        case "IPAuthenticationProvider.usexforwardedfor":
            configuration.admin.trustsForwardedFor = lenientFlag(value, entry)
        case "audit.enable": configuration.isAudited = lenientFlag(value, entry)
        case "metricsProvider.className": readProvider(value, entry)
        case "metricsProvider.httpHost": configuration.metrics.address = value
        case "metricsProvider.httpPort": readPort(\.metrics.port, entry)
        case "metricsProvider.exportJvmInfo":
            configuration.metrics.exportsProcess = lenientFlag(value, entry)
        default: return false
        }
        return true
    }

    /// As Java reads properties: whatever is not true is false; it says so.
    mutating func lenientFlag(_ value: String, _ entry: PropertiesFile.Entry) -> Bool {
        let lowercase = value.lowercased()
        if lowercase != "true", lowercase != "false" {
            warn("\(entry.key)=\(value) means false: write true or false", entry)
        }
        return lowercase == "true"
    }

    private mutating func readPort(
        _ field: WritableKeyPath<ServerConfiguration, UInt16>, _ entry: PropertiesFile.Entry
    ) {
        guard let port = UInt16(entry.value.trimmed) else {
            return error("\(entry.key)=\(entry.value.trimmed): a port is needed", entry)
        }
        configuration[keyPath: field] = port
    }

    private mutating func readMilliseconds(
        _ field: WritableKeyPath<ServerConfiguration, Int64>, _ entry: PropertiesFile.Entry
    ) {
        guard let value = Int64(entry.value.trimmed), value >= 0, value <= Int64(Int32.max) else {
            return error("\(entry.key)=\(entry.value.trimmed): milliseconds are needed", entry)
        }
        configuration[keyPath: field] = value
    }

    private mutating func readCommandURL(_ value: String, _ entry: PropertiesFile.Entry) {
        guard value.hasPrefix("/"), value != "/" else {
            return error("admin.commandURL=\(value): a path is needed, such as /commands", entry)
        }
        configuration.admin.commandURL = value.hasSuffix("/") ? String(value.dropLast()) : value
    }

    private mutating func readProvider(_ value: String, _ entry: PropertiesFile.Entry) {
        if value.hasSuffix(".PrometheusMetricsProvider") {
            configuration.metrics.isEnabled = true
        } else if !value.hasSuffix(".DefaultMetricsProvider")
            && !value.hasSuffix(".NullMetricsProvider")
        {
            warn("\(entry.key)=\(value): classes cannot be loaded; mntr has the metrics", entry)
        }
    }
}
