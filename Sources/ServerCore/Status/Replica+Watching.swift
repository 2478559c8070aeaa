public import Records
import Tree

// What somebody who compares servers from outside looks at.

extension Replica {
    /// What the server is at the moment.
    public var currentRole: ReplicaRole { role }
    /// The last transaction that was applied.
    public var applied: Zxid { lastZxid }
    /// The digest of the whole tree at that place.
    public var treeDigest: UInt64 { tree.digest }
}
