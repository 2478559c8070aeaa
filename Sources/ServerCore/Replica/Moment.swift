/// A reading of both clocks, taken by the driver: nothing in here ever asks for the time.
public struct Moment: Sendable {
    /// Milliseconds by a clock that never jumps; timeouts are measured with it.
    public var monotonicMilliseconds: Int64
    /// Milliseconds since 1970; transactions are stamped with it.
    public var wallMilliseconds: Int64

    /// Makes one of these values.
    public init(monotonicMilliseconds: Int64, wallMilliseconds: Int64) {
        self.monotonicMilliseconds = monotonicMilliseconds
        self.wallMilliseconds = wallMilliseconds
    }
}

/// A connection on the client port; the driver numbers them.
public struct ConnectionID: Hashable, Comparable, Sendable {
    /// The number on the wire.
    public var rawValue: Int64

    /// Makes one of these values.
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Orders by the number.
    public static func < (left: ConnectionID, right: ConnectionID) -> Bool {
        left.rawValue < right.rawValue
    }
}
