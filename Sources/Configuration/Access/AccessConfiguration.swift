/// What a zoo.cfg says about who may do what: schemes, super users, logins by SASL, and what a
/// client must have proved before it is served.
public struct AccessConfiguration: Equatable, Sendable {
    /// Whether ACLs are not looked at (`skipACL=yes`).
    public var skipsACLs = false
    /// Whether the `digest` scheme exists.
    public var digestEnabled = true
    /// The hash in digest identities.
    public var digestAlgorithm = DigestAlgorithm.sha1
    /// The digest identity with all rights, `super:hash`.
    public var superDigest: String?
    /// Schemes beyond those that every server has.
    public var providers: Set<AuthenticationProvider> = []
    /// The JAAS file that lists who can log in by SASL.
    public var loginFile: String?
    /// Its section for clients of this server.
    public var loginSection: String?
    /// Users of SASL with all rights.
    public var superUsers: [String] = []
    /// The subject of the certificate whose owner may do everything.
    public var certificateSuperUser: String?
    /// The password of the SASL user `super`, whatever the login file says.
    public var superPassword: String?
    /// Whether a client whose login failed goes on without.
    public var allowsFailedLogins = false
    /// Whether every request needs a credential of one of `enforcedSchemes`.
    public var enforced = false
    /// The schemes that count, in the order of the file.
    public var enforcedSchemes: [String] = []
    /// Whether every request needs a login by SASL.
    public var requiresLogin = false
    /// The names under which clients may look for this ensemble; empty is any name.
    public var ensembleNames: [String] = []

    /// Makes one with nothing set.
    public init() {}

    /// The schemes of which a client must have a credential before it is served; empty if none.
    public var schemesRequired: [String] {
        if requiresLogin { return ["sasl"] }
        return enforced ? enforcedSchemes : []
    }

    /// The section of the login file that counts.
    public var loginSectionName: String { loginSection ?? "Server" }

    /// What is wrong with all of it together.
    func check() -> String? {
        if enforced, !requiresLogin, enforcedSchemes.isEmpty {
            return "enforce.auth.enabled=true needs enforce.auth.schemes, such as digest,sasl"
        }
        for scheme in schemesRequired where !exists(scheme) {
            let help =
                AuthenticationProvider(scheme: scheme).map {
                    ": add authProvider.1=org.apache.zookeeper.server.auth.\($0.rawValue)"
                } ?? ""
            return "the scheme \(scheme), which clients are required to use, does not exist\(help)"
        }
        return nil
    }

    private func exists(_ scheme: String) -> Bool {
        switch scheme {
        case "ip": true
        case "digest": digestEnabled
        default: AuthenticationProvider(scheme: scheme).map(providers.contains) ?? false
        }
    }
}

/// The hash of digest identities (`DigestAuthenticationProvider.digestAlg`).
public enum DigestAlgorithm: String, CaseIterable, Sendable {
    case md5 = "MD5"
    case sha1 = "SHA1"
    case sha256 = "SHA256"
    case sha384 = "SHA384"
    case sha512 = "SHA512"

    /// By any of the names that Java has for it.
    public init?(name: String) {
        let plain = String(name.uppercased().filter { $0 != "-" })
        self.init(rawValue: plain == "SHA" ? "SHA1" : plain)
    }
}

/// A scheme that Apache ZooKeeper has as a Java class, by the name of the class.
public enum AuthenticationProvider: String, CaseIterable, Sendable {
    case digest = "DigestAuthenticationProvider"
    case ip = "IPAuthenticationProvider"
    case sasl = "SASLAuthenticationProvider"
    case x509 = "X509AuthenticationProvider"
    case ensemble = "EnsembleAuthenticationProvider"

    /// By the full name of the class.
    public init?(className: String) {
        let package = "org.apache.zookeeper.server.auth."
        guard className.hasPrefix(package) else { return nil }
        self.init(rawValue: String(className.dropFirst(package.count)))
    }

    /// By the name of its scheme.
    public init?(scheme: String) {
        guard let found = AuthenticationProvider.allCases.first(where: { $0.scheme == scheme })
        else { return nil }
        self = found
    }

    /// The name of its scheme.
    public var scheme: String {
        switch self {
        case .digest: "digest"
        case .ip: "ip"
        case .sasl: "sasl"
        case .x509: "x509"
        case .ensemble: "ensemble"
        }
    }
}
