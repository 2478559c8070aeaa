import Jute
import Records

/// Who may do what to a znode, and which ACLs a client may set.
struct AccessControl {
    /// Whether nothing is checked at all (`skipACL=yes`).
    let isDisabled: Bool
    /// The digest identity that may do everything, if there is one.
    let superDigest: ByteString?

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

    private func matches(_ wanted: Identity, _ held: Identity) -> Bool {
        guard wanted.scheme == held.scheme else { return false }
        if wanted.scheme == "ip" {
            guard let address = AddressCredential.parse(held.id.bytes[...]) else { return false }
            return AddressCredential.matches(id: wanted.id, address: address)
        }
        return wanted.scheme == "digest" && wanted.id == held.id
    }

    /// The list as it is kept: duplicates dropped, `auth` replaced by the client's own identities.
    ///
    /// Throws `invalidACL` for an empty list, an unknown scheme or an id the scheme does not know.
    func fixUp(_ list: [ACL]?, credentials: [Identity]) throws(ErrorCode) -> [ACL] {
        guard let list, !list.isEmpty else { throw .invalidACL }
        var distinct: [ACL] = []
        for entry in list where !distinct.contains(entry) { distinct.append(entry) }
        var fixed: [ACL] = []
        for entry in distinct {
            let identity = entry.identity
            if identity == .anyone {
                fixed.append(entry)
            } else if identity.scheme == "auth" {
                let own = credentials.filter { $0.scheme == "digest" }
                guard !own.isEmpty else { throw .invalidACL }
                fixed += own.map { ACL(permissions: entry.permissions, identity: $0) }
            } else if isValid(identity) {
                fixed.append(entry)
            } else {
                throw .invalidACL
            }
        }
        return fixed
    }

    private func isValid(_ identity: Identity) -> Bool {
        switch identity.scheme {
        case "digest": DigestCredential.isValid(id: identity.id)
        case "ip": AddressCredential.isValid(id: identity.id)
        default: false
        }
    }

    /// The credentials that an auth packet adds, or nil if the scheme is unknown.
    func authenticate(
        scheme: ByteString, authentication: [UInt8]?, address: [UInt8]
    ) -> [Identity]? {
        switch scheme {
        case "digest":
            guard let authentication else { return nil }
            let identity = DigestCredential.identity(of: authentication)
            if identity.id == superDigest { return [identity, Identity(scheme: "super", id: "")] }
            return [identity]
        case "ip":
            return [Identity(scheme: "ip", id: ByteString(AddressCredential.text(of: address)))]
        default: return nil
        }
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
