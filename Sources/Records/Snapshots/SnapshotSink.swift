/// What takes in a database piece by piece, from a file or from a leader.
///
/// The order is fixed: all sessions, then the ACL table, then the znodes (the root first, with the
/// empty path; a parent always before its children), then the end. What a span shows is gone
/// after the call.
public protocol SnapshotSink {
    /// A global session and its timeout in milliseconds.
    mutating func receivedSession(_ session: SessionID, timeout: Int32) throws(SnapshotError)

    /// An entry of the ACL table; znodes refer to it by `index`.
    mutating func receivedACL(_ list: [ACL], index: Int64) throws(SnapshotError)

    /// A znode: `data` is nil for null, `aclIndex` is -1 for what is open to the world.
    ///
    /// A sink refuses a znode without its parent, or whose index is not in the table.
    mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) throws(SnapshotError)

    /// All znodes have been received.
    mutating func receivedEnd() throws(SnapshotError)
}

/// Why the body of a snapshot was refused; offsets count from the start of the body.
public enum SnapshotError: Error, Equatable, Sendable {
    /// A length or count is negative or beyond the limit.
    case unreasonableLength(Int, offset: Int64)
    /// A value at the offset is not one the format allows.
    case malformed(offset: Int64)
    /// A znode came before its parent.
    case missingParent(Path)
    /// A znode refers to an ACL that the table does not have.
    case missingACL(Path, index: Int64)
}

extension SnapshotError: CustomStringConvertible {
    /// A phrase for the log.
    public var description: String {
        switch self {
        case .unreasonableLength(let length, let offset):
            "a length of \(length) at offset \(offset) of its body"
        case .malformed(let offset): "a malformed value at offset \(offset) of its body"
        case .missingParent(let path): "znode \(path) before its parent"
        case .missingACL(let path, let index): "znode \(path) with the unknown ACL \(index)"
        }
    }
}
