import Jute
import NIOCore
import Quorum
import Records
import ServerCore

/// Whose link it is.
enum LinkOrigin {
    case dialed(Endpoint)
    /// By its address.
    case accepted(String)
}

/// One connection to a peer.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let host: ReplicaHost
    private let link: LinkID
    private let port: PeerPort
    private let happened: (Event) -> Void
    /// Whether the other end has taken the handshake, too: who dials with a certificate that is
    /// refused learns of it after its own end has completed.
    private var isAgreed = false

    /// What the transport has to know of.
    enum Event {
        case closed
        /// The first that the other end has said.
        case heard
        /// The link failed before that.
        case failed(any Error)
    }

    init(
        host: ReplicaHost, link: LinkID, port: PeerPort, happened: @escaping (Event) -> Void
    ) {
        self.host = host
        self.link = link
        self.port = port
        self.happened = happened
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let now = Clock.now()
        if !isAgreed {
            isAgreed = true
            happened(.heard)
        }
        if port == .election {
            host.replica.electionReceived(link, bytes.readableBytesSpan, now)
        } else {
            host.replica.quorumReceived(link, bytes.readableBytesSpan, now)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { host.perform() }

    func channelInactive(context: ChannelHandlerContext) {
        happened(.closed)
        host.tell {
            port == .election ? $0.electionClosed(link, $1) : $0.quorumClosed(link, $1)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isAgreed { happened(.failed(error)) }
        context.close(promise: nil)
    }
}
