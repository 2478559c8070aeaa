public import Jute

/// The first bytes on a connection to an election port.
public struct ElectionGreeting: Equatable, Sendable {
    /// The version to send: every server since 3.5 knows it.
    public static let version1: Int64 = -65536
    /// The version with several addresses, understood when it comes.
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

    /// Writes the version 1 form.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(ElectionGreeting.version1)
        writer.writeInt64(server.rawValue)
        writer.writeString(address)
    }
}
