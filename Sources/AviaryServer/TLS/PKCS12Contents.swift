import ServerCore

/// What a PKCS #12 file holds, as far as can be seen without its password.
///
/// The library that reads it ends the process when there is no key in it, or no certificate, so
/// that is looked for first. A certificate that belongs to another key cannot be seen from outside.
struct PKCS12Contents {
    /// What is wrong with a file.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private var hasKey = false
    /// Certificates are mostly encrypted, so what is hidden counts.
    private var hasCertificate = false

    // Object identifiers, as they stand in the file: PKCS #7's two kinds of content, and PKCS #12's
    // bags.
    private static let data: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]
    private static let encrypted: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6]
    private static let bags: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1]

    init(_ bytes: [UInt8]) throws(Problem) {
        var file = DERReader(bytes[...])
        guard var outer = file.take(0x30)?.reader, outer.take(0x02) != nil,
            let content = outer.take(0x30), var safes = PKCS12Contents.data(in: content),
            var list = safes.take(0x30)?.reader
        else { throw Problem(description: "is no PKCS #12 file, or in a form that is not read") }
        while let safe = list.take(0x30) {
            if PKCS12Contents.kind(of: safe) == PKCS12Contents.encrypted {
                hasCertificate = true
            } else if var inner = PKCS12Contents.data(in: safe) {
                lookAtBags(&inner)
            }
        }
    }

    /// Says what is missing.
    func check() throws(Problem) {
        guard hasKey else {
            throw Problem(
                description: "holds no private key; 'openssl pkcs12 -export -inkey KEY -in CERT' "
                    + "makes a file that does")
        }
        guard hasCertificate else {
            throw Problem(
                description: "holds a private key and no certificate; 'openssl pkcs12 -export "
                    + "-inkey KEY -in CERT' makes a file with both")
        }
    }

    private mutating func lookAtBags(_ safe: inout DERReader) {
        guard var list = safe.take(0x30)?.reader else { return }
        while let bag = list.take(0x30) {
            guard let kind = PKCS12Contents.kind(of: bag), kind.count == 11,
                kind.starts(with: PKCS12Contents.bags)
            else { continue }
            // 1 and 2: a key as it is, and one that is encrypted. 3: a certificate.
            if kind[10] == 1 || kind[10] == 2 { hasKey = true }
            if kind[10] == 3 { hasCertificate = true }
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
