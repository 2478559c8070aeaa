import Crypto
import NIOSSL
import ServerCore

/// Whether one of the certificates in a PKCS #12 file belongs to the key in it.
///
/// The library ends the process if none does. It reads a key alone, as a PEM file; and it reads the
/// certificates when they stand in another file with a key of ours and a certificate of that, which is
/// made here for the purpose and never used for anything else.
struct PKCS12Check {
    private let contents: PKCS12Contents
    private let password: String

    init(_ contents: PKCS12Contents, password: String) {
        self.contents = contents
        self.password = password
    }

    /// Says what would end the process.
    func run() throws {
        // The library takes passwords of keys in ASCII alone; to look would be worse than not to.
        guard password.utf8.allSatisfy({ $0 < 0x80 }) else { return }
        let key = try privateKey()
        guard try certificates().contains(where: { belongs($0, to: key) }) else {
            throw PKCS12Contents.Problem(
                description: "holds a private key and certificates of other keys; 'openssl pkcs12 "
                    + "-export -inkey KEY -in CERT' makes a file of a key and its certificate")
        }
    }

    private func belongs(_ certificate: NIOSSLCertificate, to key: NIOSSLPrivateKey) -> Bool {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
        return (try? NIOSSLContext(configuration: configuration)) != nil
    }

    private func privateKey() throws -> NIOSSLPrivateKey {
        if let plain = contents.plainKey {
            return try NIOSSLPrivateKey(bytes: plain, format: .der)
        }
        var text = Array("-----BEGIN ENCRYPTED PRIVATE KEY-----\n".utf8)
        let letters = DigestCredential.base64(contents.encryptedKey ?? [])
        for start in stride(from: 0, to: letters.count, by: 64) {
            text += letters[start..<min(start + 64, letters.count)] + [UInt8(ascii: "\n")]
        }
        text += Array("-----END ENCRYPTED PRIVATE KEY-----\n".utf8)
        return try NIOSSLPrivateKey(bytes: text, format: .pem) { setter in
            setter(password.utf8)
        }
    }

    private func certificates() throws -> [NIOSSLCertificate] {
        let plain = try contents.certificates.map { try NIOSSLCertificate(bytes: $0, format: .der) }
        guard !contents.encryptedSafes.isEmpty else { return plain }
        let bundle = try NIOSSLPKCS12Bundle(buffer: carrier, passphrase: password.utf8)
        // The first is the one of the carrier's own key.
        return plain + bundle.certificateChain.dropFirst()
    }

    // MARK: The file that carries the certificates

    private static let sha256: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 1]
    private static let certificateType: [UInt8] = [
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1,
    ]
    private static let signatureType: [UInt8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]

    private var carrier: [UInt8] {
        let key = P256.Signing.PrivateKey()
        let bags = der(
            0x30, bag(PKCS12Contents.keyBag, Array(key.derRepresentation)),
            bag(
                PKCS12Contents.certificateBag,
                der(
                    0x30, der(0x06, Self.certificateType),
                    der(0xa0, der(0x04, Self.certificate(of: key.publicKey))))))
        let safes = der(0x30, Array(contents.encryptedSafes.joined()), content(bags))
        let salt: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let mark = HMAC<SHA256>.authenticationCode(for: safes, using: markKey(salt))
        let digest = der(
            0x30, der(0x30, der(0x06, Self.sha256), der(0x05)), der(0x04, Array(mark)))
        return der(0x30, der(0x02, [3]), content(safes), der(0x30, digest, der(0x04, salt)))
    }

    private func bag(_ kind: [UInt8], _ value: [UInt8]) -> [UInt8] {
        der(0x30, der(0x06, kind), der(0xa0, value))
    }

    private func content(_ bytes: [UInt8]) -> [UInt8] {
        der(0x30, der(0x06, PKCS12Contents.data), der(0xa0, der(0x04, bytes)))
    }

    /// The key of the file's mark: RFC 7292, appendix B, with one round.
    private func markKey(_ salt: [UInt8]) -> SymmetricKey {
        // UTF-16 of ASCII.
        let letters = Array(password.utf8.map { [0, $0] }.joined()) + [0, 0]
        func filled(_ bytes: [UInt8]) -> [UInt8] {
            (0..<(bytes.count + 63) / 64 * 64).map { bytes[$0 % bytes.count] }
        }
        let input = [UInt8](repeating: 3, count: 64) + filled(salt) + filled(letters)
        return SymmetricKey(data: SHA256.hash(data: input))
    }

    /// A certificate that nobody has signed, and nobody looks at.
    private static func certificate(of key: P256.Signing.PublicKey) -> [UInt8] {
        let kind = der(0x30, der(0x06, signatureType))
        let time = der(0x17, Array("260101000000Z".utf8))
        let body = der(
            0x30, der(0x02, [1]), kind, der(0x30), der(0x30, time, time), der(0x30),
            Array(key.derRepresentation))
        return der(0x30, body, kind, der(0x03, [0, 0x30, 0]))
    }
}

/// An element of DER.
private func der(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let body = Array(parts.joined())
    guard body.count >= 0x80 else { return [tag, UInt8(body.count)] + body }
    let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) }
        .drop { $0 == 0 }
    return [tag, 0x80 | UInt8(length.count)] + length + body
}
