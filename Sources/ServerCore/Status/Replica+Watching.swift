public import Records
public import Storage
import Tree

// What somebody who compares servers from outside looks at.

extension Replica {
    /// What the server is at the moment.
    public var currentRole: ReplicaRole { role }
    /// The last transaction that was applied.
    public var applied: Zxid { lastZxid }
    /// The digest of the whole tree at that place.
    public var treeDigest: UInt64 { tree.digest }
    /// The database as it is in memory, as a snapshot holds it.
    ///
    /// Before a server is in step with a leader, this may be more than what is committed.
    public var databaseImage: (zxid: Zxid, body: [UInt8], trailer: SnapshotTrailer) {
        (lastZxid, tree.snapshotBody(sessions: sortedSessions), snapshotTrailer)
    }
}
