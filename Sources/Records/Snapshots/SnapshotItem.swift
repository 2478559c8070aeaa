import Jute

/// A piece of a snapshot as a value of its own, for tools and tests; servers use a sink.
public enum SnapshotItem: Equatable, Sendable {
    case session(SessionID, timeout: Int32)
    case acl(index: Int64, [ACL])
    case znode(Path, data: [UInt8]?, aclIndex: Int64, StatPersisted)
    case end

    /// The text behind the body of a snapshot that a leader sends, as a `ustring`.
    public static let signature = Array("BenWasHere".utf8)

    /// The body of a snapshot made of these items.
    public static func encodeBody(_ items: [SnapshotItem]) -> [UInt8] {
        var sessions: [(id: SessionID, timeout: Int32)] = []
        var table: [(index: Int64, list: [ACL])] = []
        var znodes = JuteWriter()
        for item in items {
            switch item {
            case .session(let id, let timeout): sessions.append((id, timeout))
            case .acl(let index, let list): table.append((index, list))
            case .znode(let path, let data, let aclIndex, let stat):
                znodes.writeBuffer(path.bytes)
                znodes.writeBuffer(data)
                znodes.writeInt64(aclIndex)
                stat.write(to: &znodes)
            case .end: break
            }
        }
        var body = JuteWriter()
        body.writeSnapshotSessions(sessions)
        body.writeSnapshotACLTable(table)
        body.writeBytes(znodes.bytes)
        body.writeSnapshotEnd()
        return body.copyBytes()
    }
}

/// Keeps all that a snapshot holds, in its order.
public struct SnapshotItems: SnapshotSink, Equatable, Sendable {
    /// What has been received.
    public var items: [SnapshotItem] = []

    /// Nothing received yet.
    public init() {}

    /// Keeps the session.
    public mutating func receivedSession(_ session: SessionID, timeout: Int32) {
        items.append(.session(session, timeout: timeout))
    }

    /// Keeps the entry.
    public mutating func receivedACL(_ list: [ACL], index: Int64) {
        items.append(.acl(index: index, list))
    }

    /// Keeps a copy of the znode.
    public mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) {
        var copy: [UInt8]?
        if let data { copy = Array(copying: data) }
        items.append(
            .znode(Path(Array(copying: path)), data: copy, aclIndex: aclIndex, stat))
    }

    /// Keeps the end mark.
    public mutating func receivedEnd() { items.append(.end) }
}
