import Jute

/// The `sasl` scheme: who has logged in under a name is whoever an ACL names by it.
enum LoginCredential {
    /// Whether `id` may stand in an ACL: a name without `@`, or `user/host@realm` whose parts but
    /// the first `/` and the `@` hold neither, the host optional.
    static func isValid(id: ByteString) -> Bool {
        let at = UInt8(ascii: "@"), slash = UInt8(ascii: "/")
        let ats = id.bytes.count { $0 == at }
        guard ats > 0 else { return true }
        guard ats == 1, let place = id.bytes.firstIndex(of: at) else { return false }
        return id.bytes[..<place].count { $0 == slash } <= 1
    }
}
