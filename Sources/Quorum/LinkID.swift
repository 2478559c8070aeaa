/// The number of a connection between two servers, on the election or on the quorum port.
///
/// The peer allocates all of them (`QuorumPeer.newLink()`), so a number never comes back and an
/// event of a connection that is already forgotten is recognised and ignored.
public struct LinkID: Hashable, Comparable, Sendable {
    /// Counts up from 1.
    public var rawValue: UInt64

    /// A link from its number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Older links come first.
    public static func < (left: LinkID, right: LinkID) -> Bool { left.rawValue < right.rawValue }
}

extension LinkID: CustomStringConvertible {
    /// The number with a hash before it.
    public var description: String { "#\(rawValue)" }
}
