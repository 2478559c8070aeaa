import NIOCore
import NIOHTTP1

// A request and its response, as the sites of this server see them: whole, without parts.

/// A request that has come as a whole.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    /// Without the query; percent signs decoded.
    let path: String
    /// What follows the question mark; of a name that stands twice the last counts.
    let query: [String: String]
    let headers: HTTPHeaders
    /// Empty if there was none.
    var body = ByteBuffer()
    /// 4 or 16 bytes.
    var address: [UInt8] = [127, 0, 0, 1]
    /// Whether it came through TLS.
    var isSecure = false
    /// The subject of the client's certificate, if it has shown one.
    var subject: String?

    init(_ head: HTTPRequestHead) {
        self.method = head.method
        self.headers = head.headers
        let parts = head.uri.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.path = HTTPRequest.decoded(parts.first ?? "/")
        var query: [String: String] = [:]
        if parts.count == 2 {
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let value = sides.count == 2 ? HTTPRequest.decoded(sides[1]) : ""
                query[HTTPRequest.decoded(sides[0])] = value
            }
        }
        self.query = query
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2,
                digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a site answers.
struct HTTPResponse: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    /// In pieces: a snapshot may be larger than one buffer can.
    let body: [ByteBuffer]

    private static let pieceSize = 64 << 20

    init(_ status: HTTPResponseStatus, _ mediaType: String, bytes: [UInt8]) {
        self.status = status
        self.headers = ["Content-Type": mediaType]
        self.body = stride(from: 0, to: bytes.count, by: HTTPResponse.pieceSize).map { start in
            ByteBuffer(bytes: bytes[start..<min(start + HTTPResponse.pieceSize, bytes.count)])
        }
    }

    init(_ status: HTTPResponseStatus, _ mediaType: String, _ text: String) {
        self.init(status, mediaType, bytes: Array(text.utf8))
    }

    var bodySize: Int { body.reduce(0) { $0 + $1.readableBytes } }

    /// A line of text.
    static func plain(_ status: HTTPResponseStatus, _ line: String) -> HTTPResponse {
        HTTPResponse(status, "text/plain; charset=utf-8", line + "\n")
    }
}

/// What body a request may have.
struct HTTPBodyBound: Sendable {
    /// The most bytes.
    let sizeMax: Int
    /// The answer whatever the body is, if that is known.
    var refusal: HTTPResponse?

    /// The answer to a body that is larger.
    var answer: HTTPResponse {
        refusal ?? .plain(.payloadTooLarge, "at most \(sizeMax) bytes are taken")
    }
}

/// Something that answers requests.
protocol HTTPSite: AnyObject, Sendable {
    /// What body a request may have, by its head; nothing more is read before that is known.
    func bodyBound(_ request: HTTPRequest) -> EventLoopFuture<HTTPBodyBound>
    /// Answers on any loop.
    func respond(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse>
}
