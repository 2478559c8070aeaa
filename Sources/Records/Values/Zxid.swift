/// The identity of a transaction: the epoch of the leader that made it, and a counter within it.
///
/// The order of zxids is the order of history.
public struct Zxid: Hashable, Comparable, Sendable {
    /// The 64-bit form that goes over the wire: epoch in the high, counter in the low half.
    public var rawValue: Int64

    /// A zxid from its 64-bit form.
    @inlinable
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// A zxid from its halves.
    @inlinable
    public init(epoch: Epoch, counter: UInt32) {
        self.rawValue = Int64(epoch.rawValue) << 32 | Int64(counter)
    }

    /// The zxid before all transactions.
    public static let zero = Zxid(0)
    /// What a server without a database reports: it neither votes nor is voted for.
    public static let none = Zxid(-1)

    /// The epoch of the leader that made the transaction.
    @inlinable
    public var epoch: Epoch { Epoch(Int32(truncatingIfNeeded: rawValue >> 32)) }

    /// The place of the transaction within its epoch.
    @inlinable
    public var counter: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// Whether this is the start of an epoch, which never names a transaction.
    @inlinable
    public var isEpochStart: Bool { counter == 0 }

    /// The zxid after this one.
    @inlinable
    public var next: Zxid { Zxid(rawValue &+ 1) }

    /// Orders by the number.
    @inlinable
    public static func < (left: Zxid, right: Zxid) -> Bool { left.rawValue < right.rawValue }
}

extension Zxid: CustomStringConvertible {
    /// Lowercase hex with `0x`, as every ZooKeeper tool prints it.
    public var description: String { "0x" + hex }
    /// Lowercase hex without a prefix, as in file names.
    public var hex: String { String(UInt64(bitPattern: rawValue), radix: 16) }
}

/// The number of a leader's reign; no two leaders share one.
public struct Epoch: Hashable, Comparable, Sendable {
    /// The number: 32 bits on the wire.
    public var rawValue: Int32

    /// An epoch from its number.
    @inlinable
    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The epoch before the first leader.
    public static let zero = Epoch(0)

    /// The zxid at which this epoch starts, before its first transaction.
    @inlinable
    public var start: Zxid { Zxid(epoch: self, counter: 0) }

    /// The epoch after this one.
    @inlinable
    public var next: Epoch { Epoch(rawValue &+ 1) }

    /// Orders by the number.
    @inlinable
    public static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }
}

extension Epoch: CustomStringConvertible {
    /// The number in decimal.
    public var description: String { String(rawValue) }
}
