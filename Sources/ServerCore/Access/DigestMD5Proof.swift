import Crypto

/// What both ends of a login by SASL DIGEST-MD5 compute (RFC 2831), each to prove that it knows the
/// password.
struct DigestMD5Proof {
    private static let colon = [UInt8(ascii: ":")]
    /// A nonce is used once.
    static let nonceCount = Array("00000001".utf8)

    private let secret: [UInt8]
    private let middle: [UInt8]
    private let uri: [UInt8]

    /// `authorization`: as whom the client wants to act, if it says so.
    init(
        user: String, realm: String, password: String, isUTF8: Bool, nonce: [UInt8],
        cnonce: [UInt8], uri: [UInt8], authorization: [UInt8]?
    ) {
        let colon = DigestMD5Proof.colon
        let names = [user, realm, password].map { DigestMD5Proof.encode($0, isUTF8) }
        var secret =
            DigestMD5Proof.md5(Array(names.joined(separator: colon))) + colon + nonce + colon
            + cnonce
        if let authorization { secret += colon + authorization }
        self.secret = secret
        self.middle =
            colon + nonce + colon + DigestMD5Proof.nonceCount + colon + cnonce
            + Array(":auth:".utf8)
        self.uri = uri
    }

    /// What the client says.
    var ofClient: [UInt8] { proof(Array("AUTHENTICATE:".utf8) + uri) }

    /// What the server says.
    var ofServer: [UInt8] { proof(DigestMD5Proof.colon + uri) }

    private func proof(_ second: [UInt8]) -> [UInt8] {
        DigestMD5Proof.hashed(
            DigestMD5Proof.hashed(secret) + middle + DigestMD5Proof.hashed(second))
    }

    private static func md5(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }

    /// The hash in hexadecimal.
    private static func hashed(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return md5(bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// Names and passwords are hashed as ISO 8859-1 wherever that has all their characters.
    private static func encode(_ text: String, _ isUTF8: Bool) -> [UInt8] {
        if isUTF8, text.unicodeScalars.contains(where: { $0.value > 0xff }) {
            return Array(text.utf8)
        }
        return text.unicodeScalars.map { UInt8(exactly: $0.value) ?? UInt8(ascii: "?") }
    }

    /// Takes the same time wherever the difference is.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
