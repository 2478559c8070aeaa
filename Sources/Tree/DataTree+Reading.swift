// What can be asked about a znode. Everything here takes the index that `find` gave, which is
// valid until the next change of the tree.

public import Jute
public import Records

extension DataTree {
    /// The znode's stat as clients see it.
    public func stat(of index: ZnodeIndex) -> Stat {
        Stat(
            slab[index].stat, dataLength: max(0, slab[index].dataLength),
            numChildren: slab[index].childCount)
    }

    /// The znode's stat as it is kept on disk.
    public func persistedStat(of index: ZnodeIndex) -> StatPersisted { slab[index].stat }

    /// Writes the stat as clients see it.
    public func writeStat(of index: ZnodeIndex, to writer: inout JuteWriter) {
        stat(of: index).write(to: &writer)
    }

    /// Writes the data as a `buffer`; null stays null.
    public func writeData(of index: ZnodeIndex, to writer: inout JuteWriter) {
        slab.writeData(of: index, to: &writer)
    }

    /// The data, copied; nil is null.
    public func data(of index: ZnodeIndex) -> [UInt8]? { slab.copyData(of: index) }

    /// The size of the data, 0 for null.
    public func dataLength(of index: ZnodeIndex) -> Int { slab[index].dataCount }

    /// The number of direct children.
    public func childCount(of index: ZnodeIndex) -> Int { Int(slab[index].childCount) }

    /// The znode's path; `/` for the root.
    public func path(of index: ZnodeIndex) -> Path {
        index == .root ? .root : Path(slab.copyPath(of: index))
    }

    /// Writes the children's names as a `vector<ustring>`, the youngest first.
    public func writeChildren(of index: ZnodeIndex, to writer: inout JuteWriter) {
        slab.writeChildren(of: index, to: &writer)
    }

    /// The children's names, sorted.
    public func childNames(of index: ZnodeIndex) -> [ByteString] {
        slab.copyChildNames(of: index).sorted()
    }

    /// The znode's ACL.
    public func acl(of index: ZnodeIndex) -> [ACL] { acls.list(slab[index].aclSlot) }

    /// The index of the znode's ACL in snapshots: -1 for everything to everybody without an entry.
    ///
    /// Equal indexes of one tree mean equal lists at any time, so a verdict can be kept by index.
    public func aclIndex(of index: ZnodeIndex) -> Int64 { acls.index(slab[index].aclSlot) }

    /// The number of ACLs kept.
    public var aclCount: Int { acls.count }

    /// What the znode adds to the tree's digest; 0 below `/zookeeper`.
    public func digest(of index: ZnodeIndex) -> UInt64 { UInt64(slab[index].checksum) }

    /// What the znode's path and data contribute to its digest, without going through them.
    public func contentDigest(of index: ZnodeIndex) -> ContentDigest {
        ContentDigest(prefix: slab[index].isDigested ? slab[index].checksumPrefix : nil)
    }

    /// The number of znodes below this one, at any depth.
    public func descendantCount(of index: ZnodeIndex) -> Int {
        if index == .root { return slab.count - 1 }
        var count = 0
        var next = successor(of: index, descending: true, within: index)
        while let current = next {
            count += 1
            next = successor(of: current, descending: true, within: index)
        }
        return count
    }

    /// The znode after `index` in pre-order, its children left out unless `descending`; nil at the
    /// end of the subtree `top`.
    func successor(
        of index: ZnodeIndex, descending: Bool, within top: ZnodeIndex = .root
    ) -> ZnodeIndex? {
        if descending, let child = slab[index].firstChild.asOptional { return child }
        var current = index
        while current != top {
            if let sibling = slab[current].nextSibling.asOptional { return sibling }
            guard let parent = slab[current].parent.asOptional else { return nil }
            current = parent
        }
        return nil
    }
}
