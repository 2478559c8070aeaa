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
    /// Whether there are so many connections that this one is for probes alone.
    private let isCrowded: Bool
    private var isSecure = false
    private var subject: String?
    private var request: HTTPRequest?
    private var head: HTTPRequestHead?
    /// Nil as long as that is not known.
    private var bodyBound: HTTPBodyBound? = HTTPBodyBound(sizeMax: 0)
    /// Whether all of the request has come before it was known.
    private var hasEnded = false
    private var isTooLarge = false

    init(_ site: any HTTPSite, isCrowded: Bool) {
        self.site = site
        self.isCrowded = isCrowded
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            var request = HTTPRequest(head)
            request.address = context.remoteAddress?.rawBytes ?? [127, 0, 0, 1]
            request.isSecure = isSecure
            request.subject = subject
            isTooLarge = false
            self.head = head
            self.request = request
            // Monitors send no bodies, and need not wait for an answer about one.
            guard
                head.headers.contains(name: "Content-Length")
                    || head.headers.contains(name: "Transfer-Encoding")
            else { return bodyBound = HTTPBodyBound(sizeMax: 0) }
            waitForPermission(request, context)
        case .body(var part):
            let size = (request?.body.readableBytes ?? 0) + part.readableBytes
            if let bodyBound, size > bodyBound.sizeMax { isTooLarge = true }
            if !isTooLarge { request?.body.writeBuffer(&part) }
        case .end:
            if bodyBound == nil { hasEnded = true } else { finish(context) }
        }
    }

    /// Reads no further until it is known how much body may come: what came in the same read as
    /// the head is little.
    private func waitForPermission(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        bodyBound = nil
        hasEnded = false
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.channel.setOption(.autoRead, value: false).flatMap { [site] in
            site.bodyBound(request)
        }.hop(to: context.eventLoop).whenComplete { result in
            let (this, context) = bound.value
            let bodyBound = (try? result.get()) ?? HTTPBodyBound(sizeMax: 0)
            this.bodyBound = bodyBound
            if (this.request?.body.readableBytes ?? 0) > bodyBound.sizeMax {
                this.isTooLarge = true
            }
            context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
            if this.hasEnded { this.finish(context) }
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let request, let head else { return }
        self.request = nil
        self.head = nil
        let bound = bodyBound ?? HTTPBodyBound(sizeMax: 0)
        if let answer = isTooLarge ? bound.answer : bound.refusal {
            return write(answer, head, context)
        }
        if isCrowded, !HealthCheck.paths.contains(request.path) {
            var head = head
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            return write(
                .plain(.serviceUnavailable, "too many connections; this one is for probes"), head,
                context)
        }
        let both = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        site.respond(request).hop(to: context.eventLoop).whenComplete { result in
            let (this, context) = both.value
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
        headers.replaceOrAdd(name: "Content-Length", value: "\(response.bodySize)")
        if !request.isKeepAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: request.version, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            for part in response.body {
                context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
            }
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
