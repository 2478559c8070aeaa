import ServerCore

/// What a PKCS #12 file holds, as far as can be seen without its password.
///
/// The library that reads it ends the process when there is no key in it, no certificate, or none of
/// that key, so that is looked for first; `PKCS12Check` looks into what is encrypted.
struct PKCS12Contents {
    /// What is wrong with a file.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// The key as it is, in PKCS #8.
    private(set) var plainKey: [UInt8]?
    /// The key encrypted, in PKCS #8.
    private(set) var encryptedKey: [UInt8]?
    /// X.509 certificates that are not encrypted.
    private(set) var certificates: [[UInt8]] = []
    /// What is encrypted as a whole: mostly certificates.
    private(set) var encryptedSafes: [[UInt8]] = []

    // Object identifiers, as they stand in the file: PKCS #7's two kinds of content, and PKCS #12's
    // bags.
    static let data: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]
    private static let encrypted: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6]
    private static let bags: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1]
    static let keyBag = bags + [1]
    private static let encryptedKeyBag = bags + [2]
    static let certificateBag = bags + [3]

    init(_ bytes: [UInt8]) throws(Problem) {
        var file = DERReader(bytes[...])
        guard var outer = file.take(0x30)?.reader, outer.take(0x02) != nil,
            let content = outer.take(0x30), var safes = PKCS12Contents.data(in: content),
            var list = safes.take(0x30)?.reader
        else { throw Problem(description: "is no PKCS #12 file, or in a form that is not read") }
        while let safe = list.take(0x30) {
            if PKCS12Contents.kind(of: safe) == PKCS12Contents.encrypted {
                encryptedSafes.append(Array(safe.whole))
            } else if var inner = PKCS12Contents.data(in: safe) {
                lookAtBags(&inner)
            }
        }
    }

    /// Says what is missing.
    func check() throws(Problem) {
        guard plainKey != nil || encryptedKey != nil else {
            throw Problem(
                description: "holds no private key; 'openssl pkcs12 -export -inkey KEY -in CERT' "
                    + "makes a file that does")
        }
        guard !certificates.isEmpty || !encryptedSafes.isEmpty else {
            throw Problem(
                description: "holds a private key and no certificate; 'openssl pkcs12 -export "
                    + "-inkey KEY -in CERT' makes a file with both")
        }
    }

    private mutating func lookAtBags(_ safe: inout DERReader) {
        guard var list = safe.take(0x30)?.reader else { return }
        while let bag = list.take(0x30) {
            var parts = bag.reader
            guard let kind = parts.take(0x06).map({ Array($0.content) }),
                let value = parts.take(0xa0)
            else { continue }
            switch kind {
            case PKCS12Contents.keyBag: plainKey = Array(value.content)
            case PKCS12Contents.encryptedKeyBag: encryptedKey = Array(value.content)
            case PKCS12Contents.certificateBag:
                var typed = value.reader
                guard var certificate = typed.take(0x30)?.reader, certificate.take(0x06) != nil,
                    var wrapped = certificate.take(0xa0)?.reader, let bytes = wrapped.take(0x04)
                else { continue }
                certificates.append(Array(bytes.content))
            default: break
            }
        }
    }

    private static func kind(of element: DERReader.Element) -> [UInt8]? {
        var reader = element.reader
        return reader.take(0x06).map { Array($0.content) }
    }

    /// What is in a ContentInfo of plain data.
    private static func data(in element: DERReader.Element) -> DERReader? {
        var reader = element.reader
        guard reader.take(0x06).map({ Array($0.content) }) == data,
            var tagged = reader.take(0xa0)?.reader
        else { return nil }
        return tagged.take(0x04)?.reader
    }
}
