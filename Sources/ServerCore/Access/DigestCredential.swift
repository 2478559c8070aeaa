public import Configuration
import Crypto
import Jute
public import Records

/// The `digest` scheme: who knows a password is whoever its hash names.
public enum DigestCredential {
    /// The identity of `user:password`: `user:` and the base64 form of the hash of it all.
    ///
    /// SHA-1 is what every ZooKeeper client computes when it writes such an ACL; a server with
    /// another algorithm needs clients that know of it, or that write `auth` and leave it to it.
    public static func identity(
        of authentication: [UInt8], by algorithm: DigestAlgorithm = .sha1
    ) -> Identity {
        let text = Path(authentication).repaired.bytes
        let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
        var id = Array(text[..<colon])
        id.append(UInt8(ascii: ":"))
        id.append(contentsOf: base64(hash(text, algorithm)))
        return Identity(scheme: "digest", id: ByteString(id))
    }

    private static func hash(_ text: [UInt8], _ algorithm: DigestAlgorithm) -> [UInt8] {
        switch algorithm {
        case .md5: Array(Insecure.MD5.hash(data: text))
        case .sha1: Array(Insecure.SHA1.hash(data: text))
        case .sha256: Array(SHA256.hash(data: text))
        case .sha384: Array(SHA384.hash(data: text))
        case .sha512: Array(SHA512.hash(data: text))
        }
    }

    /// Whether `id` may stand in an ACL: two parts around one `:`, trailing empty parts dropped.
    static func isValid(id: ByteString) -> Bool {
        var parts = id.bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        while let last = parts.last, last.isEmpty { parts.removeLast() }
        return parts.count == 2
    }

    package static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for offset in 0..<3 {
                bits = bits << 8 | (offset < group.count ? Int(group[start + offset]) : 0)
            }
            for place in 0..<4 {
                let digit = alphabet[bits >> (18 - 6 * place) & 63]
                text.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return text
    }
}
