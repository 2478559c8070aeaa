import NIOCore
import NIOSSL
import ServerCore

extension ChannelPipeline {
    /// The subject of the certificate that the other side has shown and that was checked.
    var peerSubject: String? {
        let handler = try? syncOperations.handler(type: NIOSSLServerHandler.self)
        return (try? handler?.peerCertificate?.toDERBytes()).flatMap {
            DistinguishedName.subject(of: $0)
        }
    }
}
