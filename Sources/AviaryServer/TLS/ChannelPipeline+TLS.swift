import NIOCore
import NIOSSL
import ServerCore

extension ChannelPipeline {
    /// Closes the connection with whatever has not been sent: TLS says no farewell.
    func closeAtOnce() {
        let secure = try? syncOperations.context(handlerType: NIOSSLServerHandler.self)
        if let secure { secure.close(promise: nil) } else { close(promise: nil) }
    }

    /// The subject of the certificate that the other side has shown and that was checked.
    var peerSubject: String? {
        let handler = try? syncOperations.handler(type: NIOSSLServerHandler.self)
        return (try? handler?.peerCertificate?.toDERBytes()).flatMap {
            DistinguishedName.subject(of: $0)
        }
    }
}
