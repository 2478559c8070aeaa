public import Jute

// The body of a snapshot, written: sessions, ACL table, each znode in pre-order, end mark. Each
// call may go to a writer of its own, emptied in between; only the order matters.

extension JuteWriter {
    /// The sessions of a snapshot: first of its body.
    public mutating func writeSnapshotSessions(_ sessions: [(id: SessionID, timeout: Int32)]) {
        writeInt32(Int32(sessions.count))
        for session in sessions {
            writeInt64(session.id.rawValue)
            writeInt32(session.timeout)
        }
    }

    /// The ACL table of a snapshot, after the sessions.
    public mutating func writeSnapshotACLTable(_ table: [(index: Int64, list: [ACL])]) {
        writeInt32(Int32(table.count))
        for entry in table {
            writeInt64(entry.index)
            ACL.writeList(entry.list, to: &self)
        }
    }

    /// A znode of a snapshot; the root comes first and has the empty path.
    public mutating func writeSnapshotZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) {
        writeBuffer(path)
        if let data {
            writeBuffer(data)
        } else {
            writeInt32(-1)
        }
        writeInt64(aclIndex)
        stat.write(to: &self)
    }

    /// The end of a snapshot's body.
    public mutating func writeSnapshotEnd() {
        writeBuffer(Path.root.bytes)
    }

    /// What a leader sends behind the body, so that the learner knows the stream is whole.
    public mutating func writeSnapshotSignature() {
        writeBuffer(SnapshotItem.signature)
    }
}
