import NIOCore
import NIOHTTP1
import NIOTLS

/// One connection of HTTP: gathers each request, asks the site, writes the response.
///
/// NIO's pipeline handler in front of it lets one request in at a time.
final class HTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: any HTTPSite
    private var isSecure = false
    private var subject: String?
    private var request: HTTPRequest?
    private var head: HTTPRequestHead?
    private var bodySizeMax = 0
    private var isTooLarge = false

    init(_ site: any HTTPSite) { self.site = site }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            var request = HTTPRequest(head)
            request.address = context.remoteAddress?.rawBytes ?? [127, 0, 0, 1]
            request.isSecure = isSecure
            request.subject = subject
            bodySizeMax = site.bodySizeMax(request)
            isTooLarge = false
            self.head = head
            self.request = request
        case .body(var part):
            let size = (request?.body.readableBytes ?? 0) + part.readableBytes
            if size > bodySizeMax { isTooLarge = true }
            if !isTooLarge { request?.body.writeBuffer(&part) }
        case .end: finish(context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let request, let head else { return }
        self.request = nil
        self.head = nil
        guard !isTooLarge else {
            return write(
                .plain(.payloadTooLarge, "at most \(bodySizeMax) bytes are taken"), head, context)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        site.respond(request).hop(to: context.eventLoop).whenComplete { result in
            let (this, context) = bound.value
            switch result {
            case .success(let response): this.write(response, head, context)
            case .failure(let error):
                this.write(.plain(.internalServerError, "\(error)"), head, context)
            }
        }
    }

    private func write(
        _ response: HTTPResponse, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        var headers = response.headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(response.body.readableBytes)")
        if !request.isKeepAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: request.version, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, response.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        let channel = context.channel
        let isLast = !request.isKeepAlive
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if isLast { channel.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that says nothing for too long is not waited for.
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        if case .handshakeCompleted = event as? TLSUserEvent {
            isSecure = true
            subject = context.channel.pipeline.peerSubject
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
