import Jute
import Records

extension ElectionGreeting {
    /// Where the server says that it is; nothing of what says nothing, as a wildcard.
    var endpoints: [Endpoint] {
        address.bytes.split(separator: UInt8(ascii: "|")).compactMap(ElectionGreeting.endpoint)
    }

    private static func endpoint(_ text: ArraySlice<UInt8>) -> Endpoint? {
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(String(decoding: text[(colon + 1)...], as: UTF8.self)), port > 0
        else { return nil }
        var host = Array(text[..<colon])
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            host = Array(host.dropFirst().dropLast())
        }
        let name = String(decoding: host, as: UTF8.self)
        if name.isEmpty || ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(name) { return nil }
        return Endpoint(host: ByteString(host), port: port)
    }
}
