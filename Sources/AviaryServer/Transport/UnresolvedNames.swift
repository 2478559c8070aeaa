import NIOPosix

/// Names of peers that could not be resolved when they were last dialed.
///
/// A peer is dialed again and again: what is said is that it begins, and that it is over.
struct UnresolvedNames {
    /// Of strangers' greetings too: more than this are not told apart from new ones.
    private static let countMax = 1000
    private var names: Set<String> = []

    /// A name could not be resolved; what to say of it, the first time.
    mutating func failed(_ name: String) -> String? {
        if names.count >= UnresolvedNames.countMax { names.removeAll() }
        guard names.insert(name).inserted else { return nil }
        return "\(name) does not resolve; trying again"
    }

    /// A name was resolved; what to say of it, if it could not be before.
    mutating func resolved(_ name: String) -> String? {
        names.remove(name).map { "\($0) resolves now" }
    }

    /// Whether a dial failed for want of an address: none was tried.
    static func isCause(of error: any Error) -> Bool {
        guard let error = error as? NIOConnectionError else { return false }
        return error.connectionErrors.isEmpty
            && (error.dnsAError != nil || error.dnsAAAAError != nil)
    }

    /// Whether a dial that failed had an address to try.
    static func hadAddress(_ error: any Error) -> Bool {
        (error as? NIOConnectionError)?.connectionErrors.isEmpty == false
    }
}
