import Configuration
import Storage

// TLS between servers and for administrators: both use the key material of servers.

extension RunningServer {
    /// TLS between servers, if the configuration wants any.
    static func peerSecurity(
        _ configuration: ServerConfiguration, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> PeerSecurity? {
        guard !configuration.isStandalone,
            configuration.usesQuorumTLS || configuration.isQuorumPortUnified
        else { return nil }
        let context = try TLSContext(
            configuration.quorumTLS, prefix: "ssl.quorum.", in: fileSystem)
        return PeerSecurity(
            context: context, dials: configuration.usesQuorumTLS,
            takesPlain: configuration.isQuorumPortUnified)
    }

    /// TLS for administrators, if the configuration wants any.
    static func adminSecurity(
        _ configuration: ServerConfiguration, in fileSystem: any FileSystem
    ) throws(TLSProblem) -> PeerSecurity? {
        let admin = configuration.admin
        guard admin.isEnabled, admin.isUnified || admin.needsTLS else { return nil }
        var settings = configuration.quorumTLS
        settings.peerCertificate = admin.needsClientCertificate ? .need : .none
        let context = try TLSContext(settings, prefix: "ssl.quorum.", in: fileSystem)
        return PeerSecurity(context: context, dials: false, takesPlain: !admin.needsTLS)
    }
}
