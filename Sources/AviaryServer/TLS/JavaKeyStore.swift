import Crypto
import ServerCore

// Java's own format of key stores, which most guides for ZooKeeper's TLS still use. No library
// reads it, and it is small: entries behind each other, private keys hidden by a stream of SHA-1,
// and a hash over everything.

/// The keys and certificates of a JKS file.
struct JavaKeyStore {
    /// The first private key, in PKCS #8, and its chain.
    private(set) var privateKey: [UInt8]?
    private(set) var chain: [[UInt8]] = []
    /// Certificates that are trusted.
    private(set) var trusted: [[UInt8]] = []

    /// What is wrong with a file.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Whether the bytes are of this format.
    static func isOne(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xfe, 0xed, 0xfe, 0xed]) }

    init(_ bytes: [UInt8], password: String) throws(Problem) {
        let secret = password.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        guard bytes.count > 32, JavaKeyStore.isOne(bytes) else {
            throw Problem(description: "is not a Java key store")
        }
        let seal = bytes.suffix(20)
        let sum = Insecure.SHA1.hash(
            data: secret + Array("Mighty Aphrodite".utf8) + bytes.dropLast(20))
        guard seal.elementsEqual(Array(sum)) else {
            throw Problem(description: "is damaged, or the password is wrong")
        }
        var reader = Reader(rest: bytes[4..<(bytes.count - 20)])
        let version = try reader.number()
        guard version == 1 || version == 2 else {
            throw Problem(description: "is a Java key store of unknown version \(version)")
        }
        for _ in 0..<(try reader.number()) {
            let kind = try reader.number()
            _ = try reader.text()
            _ = try reader.take(8)
            switch kind {
            case 1:
                let hidden = try reader.take(try reader.number())
                var certificates: [[UInt8]] = []
                for _ in 0..<(try reader.number()) {
                    certificates.append(try reader.certificate(version))
                }
                guard privateKey == nil else { continue }
                privateKey = try JavaKeyStore.reveal(Array(hidden), secret)
                chain = certificates
            case 2: trusted.append(try reader.certificate(version))
            default: throw Problem(description: "holds an entry of unknown kind \(kind)")
            }
        }
    }

    /// PKCS #8 out of an EncryptedPrivateKeyInfo of Sun's own algorithm: 20 bytes of salt, the key
    /// mixed with hashes of password and salt, and a check.
    private static func reveal(_ hidden: [UInt8], _ secret: [UInt8]) throws(Problem) -> [UInt8] {
        var outer = DERReader(hidden[...])
        guard var info = outer.take(0x30)?.reader, info.take(0x30) != nil,
            let data = info.take(0x04)?.content, data.count > 40
        else { throw Problem(description: "holds a key of a form that is not known") }
        let bytes = Array(data)
        var mask = Array(bytes.prefix(20))
        var key: [UInt8] = []
        let mixed = bytes[20..<(bytes.count - 20)]
        for start in stride(from: mixed.startIndex, to: mixed.endIndex, by: 20) {
            mask = Array(Insecure.SHA1.hash(data: secret + mask))
            for (byte, other) in zip(mixed[start..<min(start + 20, mixed.endIndex)], mask) {
                key.append(byte ^ other)
            }
        }
        guard Array(Insecure.SHA1.hash(data: secret + key)) == Array(bytes.suffix(20)) else {
            throw Problem(description: "holds a key of another password than the file's")
        }
        return key
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) throws(Problem) -> ArraySlice<UInt8> {
            guard count >= 0, rest.count >= count else {
                throw Problem(description: "ends within an entry")
            }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func number() throws(Problem) -> Int {
            let value = try take(4).reduce(0) { $0 << 8 | Int($1) }
            // Each thing that is counted takes at least a byte.
            guard value <= rest.count else { throw Problem(description: "counts too much") }
            return value
        }

        mutating func text() throws(Problem) -> String {
            let count = try take(2).reduce(0) { $0 << 8 | Int($1) }
            return String(decoding: try take(count), as: UTF8.self)
        }

        mutating func certificate(_ version: Int) throws(Problem) -> [UInt8] {
            if version == 2 { _ = try text() }
            return Array(try take(try number()))
        }
    }
}
