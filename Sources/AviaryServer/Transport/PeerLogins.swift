import NIOCore
import ServerCore

/// What servers prove to each other, and with which passwords.
struct PeerLogins {
    /// Passwords by name of those who may dial.
    let users: [String: String]
    /// Whether who dials must log in.
    let isDemanded: Bool
    /// With what this server logs in where it dials; nil is not at all.
    let own: (user: String, password: String)?
    /// How long a login may take.
    let patience: TimeAmount

    /// Puts the login into a connection that was accepted, behind TLS.
    func accepted(
        _ channel: any Channel, _ port: PeerPort, refused: @escaping (String) -> Void
    ) throws {
        let login = AcceptedLogin(
            users: users, isRequired: isDemanded, afterGreeting: port == .election)
        try channel.pipeline.syncOperations.addHandler(
            AcceptedLoginHandler(login, patience: patience, refused: refused))
    }

    /// Puts the login into a connection that was dialed, behind TLS.
    func dialed(
        _ channel: any Channel, _ port: PeerPort, refused: @escaping (String) -> Void
    ) throws {
        guard let own else { return }
        let login = DialedLogin(
            user: own.user, password: own.password, cnonce: PeerLogins.nonce())
        try channel.pipeline.syncOperations.addHandler(
            DialedLoginHandler(
                login, greetsFirst: port == .election, patience: patience, refused: refused))
    }

    /// Letters and digits that nobody foresees.
    static func nonce() -> [UInt8] {
        let digits = Array("0123456789abcdefghijklmnopqrstuv".utf8)
        return (0..<32).map { _ in digits[Int.random(in: digits.indices)] }
    }
}

/// Logs in before anything else is said on a connection that was dialed, but for a greeting.
final class DialedLoginHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var login: DialedLogin
    private let greetsFirst: Bool
    private let patience: TimeAmount
    private let refused: (String) -> Void
    private var hasBegun = false
    private var isOver = false
    private var limit: Scheduled<Void>?
    /// What is said after the login: no more than is written in the time that it may take.
    private var waiting: [(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)] = []

    init(
        _ login: DialedLogin, greetsFirst: Bool, patience: TimeAmount,
        refused: @escaping (String) -> Void
    ) {
        self.login = login
        self.greetsFirst = greetsFirst
        self.patience = patience
        self.refused = refused
    }

    func channelActive(context: ChannelHandlerContext) {
        if !greetsFirst { begin(context) }
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        hasBegun = true
        send(login.opening, context)
        let both = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        limit = context.eventLoop.scheduleTask(in: patience) {
            let (handler, context) = both.value
            handler.perform(handler.login.receivedNoMore(), context)
        }
    }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        if isOver {
            context.write(data, promise: promise)
        } else if greetsFirst, !hasBegun {
            // The greeting is the first that is written, and all of it is written at once.
            context.write(data, promise: promise)
            begin(context)
        } else {
            waiting.append((unwrapOutboundIn(data), promise))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return context.fireChannelRead(data) }
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        if let action = login.received(bytes) { perform(action, context) }
    }

    private func perform(_ action: PeerLoginAction, _ context: ChannelHandlerContext) {
        switch action {
        case .send(let bytes): send(bytes, context)
        case .refuse(let reason):
            limit?.cancel()
            refused(reason)
            context.close(promise: nil)
        case .goOn(let rest):
            limit?.cancel()
            isOver = true
            for each in waiting {
                context.write(wrapOutboundOut(each.bytes), promise: each.promise)
            }
            waiting = []
            context.flush()
            if !rest.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: rest))) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        limit?.cancel()
        for each in waiting { each.promise?.fail(ChannelError.ioOnClosedChannel) }
        waiting = []
        context.fireChannelInactive()
    }
}

/// Holds back what comes on a connection that was accepted until its other end has logged in.
final class AcceptedLoginHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var login: AcceptedLogin
    private let patience: TimeAmount
    private let refused: (String) -> Void
    private var limit: Scheduled<Void>?
    private var isOver = false

    init(_ login: AcceptedLogin, patience: TimeAmount, refused: @escaping (String) -> Void) {
        self.login = login
        self.patience = patience
        self.refused = refused
    }

    func channelActive(context: ChannelHandlerContext) {
        let both = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        limit = context.eventLoop.scheduleTask(in: patience) {
            let (handler, context) = both.value
            handler.perform([handler.login.receivedNoMore()], context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return context.fireChannelRead(data) }
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        perform(login.received(bytes) { PeerLogins.nonce() }, context)
    }

    private func perform(_ actions: [PeerLoginAction], _ context: ChannelHandlerContext) {
        for action in actions where !isOver {
            switch action {
            case .send(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .refuse(let reason):
                over()
                refused(reason)
                context.close(promise: nil)
            case .goOn(let rest):
                over()
                if !rest.isEmpty {
                    context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: rest)))
                    context.fireChannelReadComplete()
                }
            }
        }
    }

    private func over() {
        isOver = true
        limit?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Who greets and hangs up wants to be called, and need not have had the time for more.
        if !isOver { perform([login.receivedNoMore()], context) }
        context.fireChannelInactive()
    }
}
