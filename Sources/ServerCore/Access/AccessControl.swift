import Configuration
import Jute
import Records

/// Who may do what to a znode, and which ACLs a client may set.
struct AccessControl {
    /// The most entries of an ACL, once `auth` has been replaced.
    ///
    /// Every check of a permission goes through the list, for each credential of whoever asks, so a
    /// longer one slows down everybody. Real lists have a handful of entries; those who let in a
    /// cluster host by host have some hundreds, and name its network instead when it grows.
    static let entryCountMax = 1000

    /// Whether nothing is checked at all (`skipACL=yes`).
    private let isDisabled: Bool
    private let digestAlgorithm: DigestAlgorithm?
    private let superDigest: ByteString?
    private let providers: Set<AuthenticationProvider>
    private let schemesRequired: [ByteString]
    private let certificateSuperUser: ByteString?

    init(_ settings: AccessSettings) {
        isDisabled = settings.skipsACLs
        digestAlgorithm = settings.digestAlgorithm
        superDigest = settings.superDigest.map { ByteString($0) }
        providers = settings.providers
        schemesRequired = settings.schemesRequired.map { ByteString($0) }
        certificateSuperUser = settings.certificateSuperUser.map { ByteString($0) }
    }

    /// Whether somebody with these credentials has `permission` under `acl`.
    func allows(
        _ permission: Permissions, acl: [ACL], credentials: [Identity]
    ) -> Bool {
        if isDisabled || acl.isEmpty { return true }
        for entry in acl where !entry.permissions.isDisjoint(with: permission) {
            if entry.identity == .anyone { return true }
            for credential in credentials where matches(entry.identity, credential) { return true }
        }
        return credentials.contains { $0.scheme == "super" }
    }

    /// Whether a client with these credentials is served at all (`enforce.auth.enabled`).
    func admits(_ credentials: [Identity]) -> Bool {
        schemesRequired.isEmpty
            || credentials.contains { schemesRequired.contains($0.scheme) }
    }

    /// Whether nobody is served without a login by SASL.
    var requiresLogin: Bool { schemesRequired.contains("sasl") }

    private func matches(_ wanted: Identity, _ held: Identity) -> Bool {
        guard wanted.scheme == held.scheme else { return false }
        switch wanted.scheme {
        case "ip":
            guard let address = AddressCredential.parse(held.id.bytes[...]) else { return false }
            return AddressCredential.matches(id: wanted.id, address: address)
        case "digest": return digestAlgorithm != nil && wanted.id == held.id
        case "sasl":
            return providers.contains(.sasl) && (held.id == "super" || wanted.id == held.id)
        case "x509": return providers.contains(.x509) && wanted.id == held.id
        default: return false
        }
    }

    /// The list as it is kept: duplicates dropped, `auth` replaced by the client's own identities.
    ///
    /// Throws `invalidACL` for an empty list, one that is too long, an unknown scheme or an id the
    /// scheme does not know.
    func fixUp(_ list: [ACL]?, credentials: [Identity]) throws(ErrorCode) -> [ACL] {
        guard let list, !list.isEmpty else { throw .invalidACL }
        var fixed: [ACL] = []
        for entry in try distinct(list) {
            let identity = entry.identity
            if identity == .anyone {
                fixed.append(entry)
            } else if identity.scheme == "auth" {
                let own = credentials.filter { isProof(of: $0.scheme) }
                guard !own.isEmpty, fixed.count + own.count <= AccessControl.entryCountMax else {
                    throw .invalidACL
                }
                fixed += own.map { ACL(permissions: entry.permissions, identity: $0) }
            } else if isValid(identity) {
                fixed.append(entry)
            } else {
                throw .invalidACL
            }
        }
        guard fixed.count <= AccessControl.entryCountMax else { throw .invalidACL }
        return fixed
    }

    /// The list without what it says twice, in its order.
    private func distinct(_ list: [ACL]) throws(ErrorCode) -> [ACL] {
        if list.count == 1 { return list }
        var seen: Set<ACL> = []
        var distinct: [ACL] = []
        for entry in list where seen.insert(entry).inserted {
            guard distinct.count < AccessControl.entryCountMax else { throw .invalidACL }
            distinct.append(entry)
        }
        return distinct
    }

    /// Whether a credential of this scheme is something that its holder has proved.
    private func isProof(of scheme: ByteString) -> Bool {
        switch scheme {
        case "digest": digestAlgorithm != nil
        case "sasl": providers.contains(.sasl)
        case "x509": providers.contains(.x509)
        default: false
        }
    }

    private func isValid(_ identity: Identity) -> Bool {
        switch identity.scheme {
        case "digest": digestAlgorithm != nil && DigestCredential.isValid(id: identity.id)
        case "ip": AddressCredential.isValid(id: identity.id)
        case "sasl": providers.contains(.sasl) && LoginCredential.isValid(id: identity.id)
        case "x509": providers.contains(.x509) && CertificateCredential.isValid(id: identity.id)
        default: false
        }
    }

    /// The identities of who has shown a certificate of that subject.
    func identities(ofSubject subject: String) -> [Identity] {
        guard providers.contains(.x509) else { return [] }
        let own = Identity(scheme: "x509", id: ByteString(subject))
        return own.id == certificateSuperUser
            ? [Identity(scheme: "super", id: own.id), own] : [own]
    }

    /// The credentials that an auth packet adds, or nil if it proves nothing.
    func authenticate(
        scheme: ByteString, authentication: [UInt8]?, address: [UInt8]
    ) -> [Identity]? {
        switch scheme {
        case "digest":
            guard let authentication, let digestAlgorithm else { return nil }
            let identity = DigestCredential.identity(of: authentication, by: digestAlgorithm)
            if identity.id == superDigest { return [identity, Identity(scheme: "super", id: "")] }
            return [identity]
        case "ip":
            return [Identity(scheme: "ip", id: ByteString(AddressCredential.text(of: address)))]
        default: return nil
        }
    }

    /// A credential as `whoAmI` shows it: of a digest only the user, and of a scheme that ACLs
    /// cannot name nobody.
    func shown(_ identity: Identity) -> Identity {
        var shown = identity
        switch identity.scheme {
        case "digest":
            let colon = identity.id.bytes.firstIndex(of: UInt8(ascii: ":"))
            shown.id = ByteString(Array(identity.id.bytes[..<(colon ?? identity.id.bytes.count)]))
        case "sasl" where !providers.contains(.sasl): shown.id = ""
        default: break
        }
        return shown
    }

    /// An ACL as somebody without ADMIN sees it: the hashes of digest ids are hidden.
    func masked(_ acl: [ACL]) -> [ACL] {
        acl.map { entry in
            guard entry.identity.scheme == "digest",
                let colon = entry.identity.id.bytes.firstIndex(of: UInt8(ascii: ":"))
            else { return entry }
            var masked = entry
            masked.identity.id = ByteString(
                Array(entry.identity.id.bytes[..<colon]) + Array(":x".utf8))
            return masked
        }
    }
}
