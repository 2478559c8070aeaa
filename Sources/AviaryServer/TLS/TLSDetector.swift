import Configuration
import NIOCore
import NIOSSL

/// Stands first on a port that takes both plain connections and TLS, and goes away when it knows.
///
/// A handshake begins with the byte 0x16, which begins no frame and no four letter word.
final class TLSDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let context: TLSContext
    private let timeout: TimeAmount
    private let began: () -> Void
    private var limit: Scheduled<Void>?

    /// `began` is called when a handshake begins.
    init(_ context: TLSContext, _ began: @escaping () -> Void) {
        self.context = context
        self.timeout = .milliseconds(max(1, context.settings.detectionMilliseconds))
        self.began = began
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        limit = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        limit?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        limit?.cancel()
        let bytes = unwrapInboundIn(data)
        if bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x16 {
            do {
                began()
                let pipeline = context.pipeline.syncOperations
                let handler = NIOSSLServerHandler(context: self.context.current)
                try pipeline.addHandler(handler, position: .after(self))
            } catch {
                return context.close(promise: nil)
            }
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
