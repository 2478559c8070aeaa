import NIOCore
import NIOTLS
import Records
import ServerCore

/// One client's connection: bytes go to the replica in place, as they come, and the replies to all
/// requests of a read leave in one write.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Output beyond this ends the connection: the client sends and does not read.
    private static let pendingOutputMax = 64 << 20
    /// How long nothing of what was written may leave before a connection is closed in any case.
    ///
    /// A socket takes more only when a third of its buffer, which can be megabytes, is free again.
    private static let closingLimit = TimeAmount.seconds(20)
    /// After so much output at once the replica may have left requests unread.
    private static let largeOutput = 1 << 20

    private let host: ReplicaHost
    private var id: ConnectionID?
    private var channel: (any Channel)?
    /// What the replica has not consumed: the beginning of a frame, or what came while paused.
    private var unread: ByteBuffer?
    private var isPaused = false
    private var isClosing = false
    /// Looks after a connection that is being closed.
    private var closing: Scheduled<Void>?
    private var pendingOutput = 0
    /// What it takes of what all clients together may leave unread.
    private var countedOutput = 0
    /// Whether nothing of that counts any more.
    private var isCutOff = false
    /// Whether `goOn` is going to be called by itself.
    private var isGoingOn = false
    /// Whether a TLS handshake is under way.
    private var isShakingHands = false

    init(host: ReplicaHost) { self.host = host }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        let address = context.remoteAddress
        id = host.connected(
            self, address: address?.rawBytes ?? [0, 0, 0, 0],
            port: UInt16(truncatingIfNeeded: address?.port ?? 0))
        guard id != nil else { return context.close(promise: nil) }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        if unread == nil {
            unread = incoming
        } else {
            unread?.writeBuffer(&incoming)
        }
        if !isPaused, context.channel.isWritable { consume() }
    }

    /// Gives the replica what it has not consumed; it leaves requests unread while it owes enough.
    ///
    /// - Returns: whether it took anything.
    @discardableResult
    private func consume() -> Bool {
        guard let id, !isClosing, let bytes = unread, bytes.readableBytes > 0 else { return false }
        let consumed = host.replica.clientReceived(id, bytes.readableBytesSpan, Clock.now())
        if consumed >= bytes.readableBytes {
            unread = nil
        } else {
            unread?.moveReaderIndex(forwardBy: consumed)
            unread?.discardReadBytes()
        }
        return consumed > 0
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        host.perform()
        goOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { goOn() }

    /// Takes the requests that wait, if the client reads its answers; reads on when there are none.
    private func goOn() {
        guard let channel, channel.isWritable, !isPaused, !isClosing else { return }
        if unread != nil, consume() {
            host.perform()
            // What is left is the beginning of a request, or it waits for output to leave.
            if unread != nil { return goOnSoon() }
        }
        if !isPaused, !isClosing { channel.read() }
    }

    /// Others have their turn before the next of this client's requests.
    private func goOnSoon() {
        guard let channel, !isGoingOn else { return }
        isGoingOn = true
        let this = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.execute {
            this.value.isGoingOn = false
            this.value.goOn()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        closing?.cancel()
        handshakeEnded(successfully: false)
        unread = nil
        channel = nil
        if let id { host.disconnected(id) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: TLS

    /// A TLS handshake begins, before anything has been read.
    func handshakeBegan() {
        isShakingHands = true
        host.replica.metrics.outstandingHandshakes += 1
    }

    private func handshakeEnded(successfully succeeded: Bool) {
        guard isShakingHands else { return }
        isShakingHands = false
        host.replica.metrics.outstandingHandshakes -= 1
        if !succeeded { host.replica.metrics.add(.unsuccessfulHandshake) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            handshakeEnded(successfully: true)
            if let id {
                host.replica.clientSecured(id, subject: context.pipeline.peerSubject, Clock.now())
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: What the replica asks

    func write(_ buffer: ByteBuffer) {
        guard let channel, !isCutOff else { return }
        let size = buffer.readableBytes
        if channel.isWritable {
            pendingOutput = 0
        } else {
            pendingOutput += size
            guard pendingOutput <= ClientHandler.pendingOutputMax else {
                return channel.close(promise: nil)
            }
        }
        if channel.isWritable, size < OutputBound.countedSizeMin {
            channel.writeAndFlush(buffer, promise: nil)
        } else {
            writeCounted(buffer, channel)
        }
        // Requests may have been left unread until this was written.
        if size >= ClientHandler.largeOutput, unread != nil { goOnSoon() }
    }

    private func writeCounted(_ buffer: ByteBuffer, _ channel: any Channel) {
        let size = buffer.readableBytes
        countedOutput += size
        host.outputBound.added(size, to: self)
        // It may be this connection that had to go.
        guard !isCutOff else { return }
        let this = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.writeAndFlush(buffer).whenComplete { _ in this.value.outputLeft(size) }
    }

    /// Some of what was counted has left, or never will.
    private func outputLeft(_ size: Int) {
        guard !isCutOff else { return }
        countedOutput -= size
        host.outputBound.removed(size, from: self, isAll: countedOutput == 0)
    }

    /// Closes the connection with all that waits for its client, because of what waits for all.
    func cutOff(leavingUnread total: Int) {
        host.serverLog.write(
            .warning,
            "Closing /\(channel?.remoteAddress?.text ?? "?"): clients leave \(total) bytes unread, "
                + "and it has the most of them, \(countedOutput)")
        isCutOff = true
        isClosing = true
        host.outputBound.removed(countedOutput, from: self, isAll: true)
        countedOutput = 0
        channel?.pipeline.closeAtOnce()
    }

    /// Whether one client leaves less unread than another; the older one, if both leave the same.
    static func owesLess(_ one: ClientHandler, _ other: ClientHandler) -> Bool {
        (one.countedOutput, one.id?.rawValue ?? 0) < (other.countedOutput, other.id?.rawValue ?? 0)
    }

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        consume()
        host.perform()
        goOn()
    }

    /// Closes behind everything that was written.
    func closeAfterOutput() {
        isClosing = true
        guard let channel else { return }
        // Closing would fail what the socket has not taken yet.
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        waitForOutput(of: channel)
    }

    /// Closes when nothing has left for a while: however slowly a client reads, it is waited for;
    /// who takes nothing is not.
    private func waitForOutput(of channel: any Channel) {
        let before = pendingBytes(of: channel)
        let this = NIOLoopBound(self, eventLoop: channel.eventLoop)
        closing = channel.eventLoop.scheduleTask(in: ClientHandler.closingLimit) {
            if this.value.pendingBytes(of: channel) < before {
                this.value.waitForOutput(of: channel)
            } else {
                channel.close(promise: nil)
            }
        }
    }

    private func pendingBytes(of channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension SocketAddress {
    /// The 4 or 16 bytes of the address; an IPv4 address in an IPv6 one is an IPv4 address.
    var rawBytes: [UInt8] {
        // In the structures of BSD sockets the address stands at 4 (IPv4) or 8 (IPv6) bytes from
        // the start.
        switch self {
        case .v4(let address):
            let all = unsafe withUnsafeBytes(of: address.address) { unsafe Array($0) }
            return Array(all[4..<8])
        case .v6(let address):
            let all = unsafe withUnsafeBytes(of: address.address) { unsafe Array($0) }
            let bytes = Array(all[8..<24])
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11] == [255, 255]
            return isMapped ? Array(bytes[12...]) : bytes
        case .unixDomainSocket: return [127, 0, 0, 1]
        }
    }

    /// `address:port`, without a name.
    var text: String { "\(ipAddress ?? "?"):\(port ?? 0)" }
}
