import Jute
import NIOCore
import NIOSSL
import Records

/// Whether servers talk to each other through TLS, and what they take.
///
/// On the way from plain connections to TLS every server first takes both, then dials with TLS,
/// then takes TLS alone: three rolls without a pause.
struct PeerSecurity {
    let context: TLSContext
    /// Whether connections that are dialed use TLS.
    let dials: Bool
    /// Whether plain connections are taken, too.
    let takesPlain: Bool

    /// Puts TLS into a connection that was accepted.
    func accepted(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        if takesPlain {
            try pipeline.addHandler(TLSDetector(context) {})
        } else {
            try pipeline.addHandler(NIOSSLServerHandler(context: context.current))
        }
    }

    /// Puts TLS into a connection that was dialed.
    func dialed(_ channel: any Channel, _ endpoint: Endpoint) throws {
        guard dials else { return }
        let host = endpoint.host.description
        // An address is compared with the addresses in the certificate, without being asked for.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(
                context: context.dialing, serverHostname: isAddress ? nil : host))
    }
}
