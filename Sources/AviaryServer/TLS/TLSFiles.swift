import Configuration
import NIOSSL
import ServerCore
import Storage

/// Why TLS cannot be had, and what to do.
struct TLSProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads keys and certificates: PEM, PKCS #12, and Java's own format.
enum TLSFiles {
    private static let sizeMax = 16 << 20

    /// The server's own key, and its certificate with those that lead to the root.
    static func identity(
        _ store: TLSSettings.Store, _ key: String, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> (key: NIOSSLPrivateKey, chain: [NIOSSLCertificate]) {
        let (path, bytes, password) = try read(store, key, in: fileSystem)
        do {
            if JavaKeyStore.isOne(bytes) {
                let keys = try JavaKeyStore(bytes, password: password)
                guard let own = keys.privateKey else { throw TLSProblem("holds no private key") }
                return (
                    try NIOSSLPrivateKey(bytes: own, format: .der),
                    try keys.chain.map { try NIOSSLCertificate(bytes: $0, format: .der) }
                )
            }
            if isPKCS12(bytes, store) {
                let contents = try PKCS12Contents(bytes)
                try contents.check()
                try PKCS12Check(contents, password: password).run()
                let bundle = try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: password.utf8)
                return (bundle.privateKey, bundle.certificateChain)
            }
            guard password.utf8.allSatisfy({ $0 < 0x80 }) else {
                throw TLSProblem("the password of a PEM file can only be ASCII")
            }
            let own = try NIOSSLPrivateKey(bytes: bytes, format: .pem) { setter in
                setter(password.utf8)
            }
            return (own, try NIOSSLCertificate.fromPEMBytes(bytes))
        } catch {
            throw TLSProblem("\(key)=\(path): \(error)")
        }
    }

    /// The certificates that others' are checked against.
    static func trust(
        _ store: TLSSettings.Store, _ key: String, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> [NIOSSLCertificate] {
        let (path, bytes, password) = try read(store, key, in: fileSystem)
        do {
            if JavaKeyStore.isOne(bytes) {
                return try JavaKeyStore(bytes, password: password).trusted.map {
                    try NIOSSLCertificate(bytes: $0, format: .der)
                }
            }
            if isPKCS12(bytes, store) {
                throw TLSProblem(
                    "PKCS #12 is read for keys alone; 'openssl pkcs12 -nokeys -in \(path) "
                        + "-out trust.pem' makes a file that is read")
            }
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            guard !certificates.isEmpty else { throw TLSProblem("holds no certificate") }
            return certificates
        } catch {
            throw TLSProblem("\(key)=\(path): \(error)")
        }
    }

    /// A PEM file is text; DER begins with the sign of a sequence.
    private static func isPKCS12(_ bytes: [UInt8], _ store: TLSSettings.Store) -> Bool {
        bytes.first == 0x30 && store.type?.uppercased() != "PEM"
    }

    private static func read(
        _ store: TLSSettings.Store, _ key: String, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> (path: String, bytes: [UInt8], password: String) {
        guard let path = store.location else {
            throw TLSProblem("\(key) is missing: TLS needs a PEM, PKCS12 or JKS file")
        }
        var password = store.password
        do throws(StorageError) {
            if let place = store.passwordPath {
                let text = try AtomicFile.read(place, in: fileSystem) ?? []
                password = String(decoding: text, as: UTF8.self)
                while password.last?.isNewline ?? false { password.removeLast() }
            }
            guard let bytes = try AtomicFile.read(path, in: fileSystem, sizeMax: sizeMax + 1)
            else { throw StorageError(.notFound, "does not exist", path: path) }
            guard bytes.count <= sizeMax else {
                throw StorageError(.refused, "is larger than \(sizeMax >> 20) MiB", path: path)
            }
            return (path, bytes, password)
        } catch {
            throw TLSProblem("\(key)=\(path): \(error.message)")
        }
    }
}
