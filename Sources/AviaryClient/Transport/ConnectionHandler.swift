import NIOCore

/// The end of a connection's pipeline: frames and the connection's end go to the session's driver.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let driver: SessionDriver
    private let attempt: AttemptID
    private var cutter = FrameCutter()

    init(driver: SessionDriver, attempt: AttemptID) {
        self.driver = driver
        self.attempt = attempt
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        cutter.append(&bytes)
        while true {
            switch cutter.next() {
            case .frame(let frame):
                driver.receivedFrame(frame, attempt)
            case .incomplete:
                return
            case .nonsense:
                return context.close(promise: nil)
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver.finishedReading()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver.connectionLost(attempt)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What the error says does not matter to the session: the connection is of no more use.
        context.close(promise: nil)
    }
}
