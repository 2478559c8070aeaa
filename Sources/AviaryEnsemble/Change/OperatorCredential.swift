// Who may change the members of an ensemble: whoever can read one file in its folder.

internal import Jute
internal import Records
internal import ServerCore
internal import Storage

/// A name and a random password for the ensemble's operator.
///
/// The password stays in the ensemble's folder; servers get its digest alone, so that no zoo.cfg
/// gives anybody the right, and `skipACL` is never needed.
public struct OperatorCredential: Equatable, Sendable {
    /// `super:PASSWORD`, as the scheme `digest` takes it.
    public let authentication: String

    /// The key of zoo.cfg that tells a server its digest.
    static let digestKey = "DigestAuthenticationProvider.superDigest"

    /// A credential that was made before.
    init(authentication: String) { self.authentication = authentication }

    /// A new one of 192 random bits.
    static func random() -> OperatorCredential {
        let digits = (0..<24).map { _ in
            let byte = UInt8.random(in: .min ... .max)
            return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return OperatorCredential(authentication: "super:" + digits.joined())
    }

    /// What servers know of it.
    public var digest: String {
        DigestCredential.identity(of: Array(authentication.utf8)).id.description
    }
}

extension EnsembleFolder {
    private var credentialPath: String { path + "/operator" }

    /// The operator's credential; nil in an ensemble whose members cannot be changed.
    public var operatorCredential: OperatorCredential? {
        LauncherFile.firstLine(credentialPath).map { OperatorCredential(authentication: $0) }
    }

    /// Whether there was one, and its file is gone: nobody can change the members.
    public var isCredentialLost: Bool { operatorCredential == nil && identity != nil && !isGone }

    /// What mends that.
    public var credentialRemedy: String { "aviary apply --ensemble \(name)" }

    /// Makes the credential, once, readable by its owner alone.
    func makeOperatorCredential() throws(StorageError) {
        guard operatorCredential == nil else { return }
        let made = newCredential ?? OperatorCredential.random()
        try LauncherFile.write(made.authentication + "\n", to: credentialPath)
    }
}
