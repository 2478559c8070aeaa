public import Jute

/// The first bytes on a connection to an election port.
public struct ElectionGreeting: Equatable, Sendable {
    /// The version to send: every server since 3.5 knows it.
    public static let version1: Int64 = -65536
    /// The version with several addresses, which servers before 3.6 do not know.
    public static let version2: Int64 = -65535
    /// The longest address text, in bytes.
    public static let addressSizeMax = 2048

    /// The server.
    public var server: ServerID
    /// `host:port`, several separated by `|`; empty from servers older than 3.5.
    public var address: ByteString

    /// Makes one of these values.
    public init(server: ServerID, address: ByteString) {
        self.server = server
        self.address = address
    }

    /// The greeting of a server with these addresses, as many of them as there is room for.
    public init(server: ServerID, addresses: [Endpoint]) {
        var text: [UInt8] = []
        for address in addresses {
            let next = Array((text.isEmpty ? "" : "|").utf8) + Array("\(address)".utf8)
            if text.count + next.count > ElectionGreeting.addressSizeMax { break }
            text += next
        }
        self.init(server: server, address: text.isEmpty ? "0.0.0.0:0" : ByteString(text))
    }

    /// Reads a greeting of any version; `.truncated` means: wait for more.
    public init(from reader: inout JuteReader) throws(JuteError) {
        let first = try reader.readInt64()
        if first >= 0 {
            self.server = ServerID(first)
            self.address = ""
            return
        }
        guard first == ElectionGreeting.version1 || first == ElectionGreeting.version2 else {
            throw .invalidValue
        }
        self.server = ServerID(try reader.readInt64())
        let length = Int(try reader.readInt32())
        guard length > 0, length <= ElectionGreeting.addressSizeMax else {
            throw .unreasonableLength(length)
        }
        self.address = ByteString(try reader.readBytes(count: length))
    }

    /// Writes the form with one address, or that which may have several.
    public func write(to writer: inout JuteWriter, version: Int64 = ElectionGreeting.version1) {
        writer.writeInt64(version)
        writer.writeInt64(server.rawValue)
        writer.writeString(address)
    }
}
