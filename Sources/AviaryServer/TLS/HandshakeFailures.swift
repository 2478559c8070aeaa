import NIOSSL

/// What has been said of handshakes between servers that failed.
///
/// A peer dials again and again, and a stranger as often as it likes: each reason is said once an
/// hour for each of them, and no more than a hundred in all.
struct HandshakeFailures {
    private static let forgottenAfter: Int64 = 3_600_000
    private static let countMax = 100

    private var said: [String: Set<String>] = [:]
    private var count = 0
    private var since: Int64 = 0

    /// A handshake has failed; what to say of it, if that is something new.
    mutating func failed(_ peer: String, _ reason: String, now: Int64) -> String? {
        if now - since >= HandshakeFailures.forgottenAfter {
            said = [:]
            count = 0
            since = now
        }
        guard count <= HandshakeFailures.countMax,
            said[peer, default: []].insert(reason).inserted
        else { return nil }
        count += 1
        guard count <= HandshakeFailures.countMax else {
            return "many handshakes fail; no further are told for an hour"
        }
        return "TLS with \(peer) failed: \(reason)"
    }

    /// Both ends have taken a handshake; what to say of it, if one has failed before.
    mutating func agreed(_ peer: String) -> String? {
        said.removeValue(forKey: peer).map { _ in "TLS with \(peer) works now" }
    }

    /// The reason in words; nil if the error is not one of a handshake.
    static func reason(of error: any Error) -> String? {
        switch error {
        case let error as NIOSSLExtraError:
            let text = "\(error)".split(separator: ": ", maxSplits: 1).last ?? ""
            return "the certificate is for another name (\(text)); hostnameVerification asks for it"
        case NIOSSLError.handshakeFailed(let cause): return words(of: cause)
        case let error as BoringSSLError: return words(of: error)
        default: return nil
        }
    }

    /// The library's own words stand at the end of a line of places.
    private static func words(of error: BoringSSLError) -> String {
        let text = "\(error)"
        if let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound {
            return text[start...].prefix { $0 != "]" && $0 != " " }.lowercased()
                .split(separator: "_").joined(separator: " ")
        }
        guard let start = text.firstRange(of: "Error:")?.upperBound else { return text }
        return String(text[start...].drop { $0 == " " }.prefix { $0 != "]" })
    }
}
