// The keys of TLS: `ssl.…` for clients, `ssl.quorum.…` for servers among each other.

/// What zoo.cfg says of TLS, for clients or for servers.
public struct TLSSettings: Equatable, Sendable {
    /// Whether the other side must show a certificate, may, or is not asked.
    public enum PeerCertificate: String, Sendable {
        case none, want, need
    }

    /// A file with keys or certificates.
    public struct Store: Equatable, Sendable {
        /// Where it is; nil if none is named.
        public var location: String?
        /// What it is encrypted with.
        public var password = ""
        /// The file that holds the password, in place of it.
        public var passwordPath: String?
        /// PEM, PKCS12 or JKS; nil is told by the file itself.
        public var type: String?

        /// None.
        public init() {}
    }

    /// The server's own key and certificates.
    public var keyStore = Store()
    /// The certificates that others' are checked against.
    public var trustStore = Store()
    /// Whether the other side must show a certificate.
    public var peerCertificate = PeerCertificate.need
    /// Names of versions, as Java has them; empty is 1.2 and 1.3.
    public var protocols: [String] = []
    /// Names of cipher suites, as Java has them; empty is the library's choice.
    public var cipherSuites: [String] = []
    /// Whether the certificate of a server that is dialed must name it.
    public var verifiesHost = true
    /// How long a connection may be silent before it is known whether it is TLS, milliseconds.
    public var detectionMilliseconds: Int64 = 5000
    /// Whether certificates are read again when their files change.
    public var reloads = true

    /// The defaults.
    public init() {}
}

extension ServerConfigurationParser {
    /// Takes a key in, if it is one of these.
    mutating func readTLS(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        switch key {
        case "secureClientPort":
            guard let port = UInt16(value) else {
                error("secureClientPort=\(value): a port is needed", entry)
                return true
            }
            configuration.secureClientPort = port
        case "secureClientPortAddress": configuration.secureClientPortAddress = value
        case "client.portUnification":
            configuration.isClientPortUnified = lenientFlag(value, entry)
        case "client.certReload": configuration.tls.reloads = lenientFlag(value, entry)
        case "sslQuorumReloadCertFiles":
            configuration.quorumTLS.reloads = lenientFlag(value, entry)
        case "sslQuorum": configuration.usesQuorumTLS = lenientFlag(value, entry)
        case "portUnification": configuration.isQuorumPortUnified = lenientFlag(value, entry)
        case "X509AuthenticationProvider.superUser":
            configuration.access.certificateSuperUser = value
        case "netty.server.outstandingHandshake.limit":
            configuration.handshakesMax = Int(value) ?? -1
        case "netty.server.earlyDropSecureConnectionHandshakes":
            configuration.dropsHandshakesEarly = lenientFlag(value, entry)
        default:
            if key.hasPrefix("ssl.quorum.") {
                return readTLS(String(key.dropFirst(11)), \.quorumTLS, entry)
            }
            guard key.hasPrefix("ssl.") else { return false }
            return readTLS(String(key.dropFirst(4)), \.tls, entry)
        }
        return true
    }

    private mutating func readTLS(
        _ name: String, _ field: WritableKeyPath<ServerConfiguration, TLSSettings>,
        _ entry: PropertiesFile.Entry
    ) -> Bool {
        let value = entry.value.trimmed
        var settings = configuration[keyPath: field]
        defer { configuration[keyPath: field] = settings }
        switch name {
        case "keyStore.location": settings.keyStore.location = value
        case "keyStore.password": settings.keyStore.password = value
        case "keyStore.passwordPath": settings.keyStore.passwordPath = value
        case "keyStore.type": settings.keyStore.type = value
        case "trustStore.location": settings.trustStore.location = value
        case "trustStore.password": settings.trustStore.password = value
        case "trustStore.passwordPath": settings.trustStore.passwordPath = value
        case "trustStore.type": settings.trustStore.type = value
        case "protocol": if settings.protocols.isEmpty { settings.protocols = [value] }
        case "enabledProtocols": settings.protocols = list(value)
        case "ciphersuites": settings.cipherSuites = list(value)
        case "hostnameVerification": settings.verifiesHost = lenientFlag(value, entry)
        case "clientHostnameVerification":
            if lenientFlag(value, entry) {
                warn(
                    "\(entry.key)=true: names of hosts in certificates of clients are not looked at",
                    entry)
            }
        case "clientAuth":
            guard let wanted = TLSSettings.PeerCertificate(rawValue: value.lowercased()) else {
                error("\(entry.key)=\(value): it is none, want or need", entry)
                return true
            }
            settings.peerCertificate = wanted
        case "handshakeDetectionTimeoutMillis":
            settings.detectionMilliseconds = Int64(value) ?? 5000
        case "crl", "ocsp":
            if lenientFlag(value, entry) {
                error(
                    "\(entry.key)=true: revoked certificates cannot be told here; take the key "
                        + "out to go on without", entry)
            }
        default: return false
        }
        return true
    }

    private func list(_ value: String) -> [String] {
        value.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }
}
