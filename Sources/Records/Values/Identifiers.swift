/// The id of a server in its ensemble: 1 to 255, from `myid`.
public struct ServerID: Hashable, Comparable, Sendable {
    /// 64 bits on the wire.
    public var rawValue: Int64

    /// A server id from its number.
    @inlinable
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Orders by the number.
    @inlinable
    public static func < (left: ServerID, right: ServerID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension ServerID: CustomStringConvertible {
    /// The number in decimal.
    public var description: String { String(rawValue) }
}

/// The id of a client's session, unique in the ensemble for all time.
public struct SessionID: Hashable, Comparable, Sendable {
    /// 64 bits on the wire; the top byte is the id of the server that made it.
    public var rawValue: Int64

    /// A session id from its number.
    @inlinable
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// No session: what a new client sends, and the owner of a persistent znode.
    public static let none = SessionID(0)

    /// Orders by the number.
    @inlinable
    public static func < (left: SessionID, right: SessionID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension SessionID: CustomStringConvertible {
    /// Lowercase hex with `0x`.
    public var description: String {
        "0x" + String(UInt64(bitPattern: rawValue), radix: 16)
    }
}

/// The number a client gives a request; the reply carries it back.
public struct Xid: Hashable, Sendable {
    /// 32 bits on the wire.
    public var rawValue: Int32

    /// An xid from its number.
    @inlinable
    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// A watch notification.
    public static let notification = Xid(-1)
    /// A ping and its reply.
    public static let ping = Xid(-2)
    /// An auth packet.
    public static let auth = Xid(-4)
    /// The setWatches that a client sends after a reconnect.
    public static let setWatches = Xid(-8)
}
