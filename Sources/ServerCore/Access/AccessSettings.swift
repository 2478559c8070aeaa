public import Configuration

/// What a server is told about who may do what.
public struct AccessSettings: Sendable {
    /// Whether ACLs are not looked at (`skipACL=yes`).
    public var skipsACLs = false
    /// The hash in digest identities; nil if there is no such scheme.
    public var digestAlgorithm: DigestAlgorithm? = .sha1
    /// The digest identity with all rights, `super:hash`.
    public var superDigest: String?
    /// Schemes beyond those that every server has.
    public var providers: Set<AuthenticationProvider> = []
    /// Passwords by user of those who can log in by SASL; nil if nobody can.
    public var logins: [String: String]?
    /// Users of SASL with all rights.
    public var superUsers: [String] = []
    /// The subject of the certificate whose owner may do everything.
    public var certificateSuperUser: String?
    /// Whether a client whose login failed goes on without.
    public var allowsFailedLogins = false
    /// The schemes of which a client must have a credential before it is served; empty if none.
    public var schemesRequired: [String] = []
    /// The names under which clients may look for this ensemble; empty is any name.
    public var ensembleNames: [String] = []

    /// Makes one in which nothing is set.
    public init() {}

    /// What zoo.cfg says, with the users that its login file lists.
    public init(_ configuration: AccessConfiguration, users: [String: String]?) {
        skipsACLs = configuration.skipsACLs
        digestAlgorithm = configuration.digestEnabled ? configuration.digestAlgorithm : nil
        superDigest = configuration.superDigest
        providers = configuration.providers
        logins = users
        if let password = configuration.superPassword { logins?["super"] = password }
        superUsers = configuration.superUsers
        certificateSuperUser = configuration.certificateSuperUser
        allowsFailedLogins = configuration.allowsFailedLogins
        schemesRequired = configuration.schemesRequired
        ensembleNames = configuration.ensembleNames
    }
}
