// The few primitive changes of which every transaction and the loader are made. Each keeps the
// counts, the digest, the owners' lists and the snapshots in progress right; nothing else writes
// to a znode.

import Jute
import Records

extension DataTree {
    /// The root of an empty tree; it has an entry in no table, as `find` knows it.
    func makeRoot() {
        let empty: [UInt8] = []
        guard let root = slab.allocate(path: empty.rawSpan, data: empty.rawSpan) else { return }
        assert(root == .root)
        slab[root].isDigested = true
        contentSize = 1
        rewriteChecksum(of: root)
    }

    /// Adds those of the znodes that every server has from the start that are missing.
    ///
    /// They were never created: all of their stat is zero but the config's aversion, and they count
    /// for nothing in their parent's.
    func addSystemZnodes() {
        let empty: [UInt8] = []
        for path in ["/zookeeper", "/zookeeper/quota", "/zookeeper/config"] as [Path] {
            let bytes = path.bytes.rawSpan
            guard find(bytes) == nil, let parent = findParent(of: bytes) else { continue }
            let isConfig = path == "/zookeeper/config"
            addZnode(
                bytes, parent: parent, data: empty.rawSpan,
                aclSlot: isConfig ? acls.intern(ACL.readOnly) : ACLTable.open,
                stat: StatPersisted(aversion: isConfig ? -1 : 0))
        }
    }

    /// Adds a znode that is not there, taking over one reference to its ACL.
    ///
    /// Nil when no index is left, 2^31 znodes on.
    @discardableResult
    func addZnode(
        _ path: RawSpan, parent: ZnodeIndex, data: RawSpan?, aclSlot: Int32, stat: StatPersisted
    ) -> ZnodeIndex? {
        guard let index = slab.allocate(path: path, data: data) else {
            acls.release(aclSlot)
            return nil
        }
        let sibling = slab[parent].firstChild
        slab[index].parent = parent
        slab[index].nextSibling = sibling
        if let sibling = sibling.asOptional { slab[sibling].previousSibling = index }
        slab[parent].firstChild = index
        slab[parent].childCount &+= 1
        slab[index].aclSlot = aclSlot
        slab[index].stat = stat
        slab[index].generation = generation
        slab[index].isDigested = TreeDigest.includes(path)
        table.insert(index, tag: hash(path))
        contentSize += slab.contentSize(of: index)
        owners.insert(index, owner: stat.ephemeralOwner, in: slab)
        rewriteChecksum(of: index)
        return index
    }

    /// Removes a znode and all below it.
    ///
    /// A delete reaches a znode with children only while the log is replayed over a snapshot taken
    /// during later writes: the children then belong to a later znode of the same path, whose
    /// transactions follow and make them again.
    func removeSubtree(_ top: ZnodeIndex) {
        var current = top
        while true {
            if let child = slab[current].firstChild.asOptional {
                current = child
                continue
            }
            let parent = slab[current].parent
            removeZnode(current)
            if current == top { return }
            current = parent
        }
    }

    /// Removes a znode without children.
    private func removeZnode(_ index: ZnodeIndex) {
        if !cursors.isEmpty {
            for cursor in cursors { cursor.znodeWillBeRemoved(index, from: self) }
        }
        contentSize -= slab.contentSize(of: index)
        table.remove(index, tag: slab.tag(of: index, by: hash))
        owners.remove(index, owner: slab[index].stat.ephemeralOwner, in: slab)
        acls.release(slab[index].aclSlot)
        digest &-= UInt64(slab[index].checksum)

        let next = slab[index].nextSibling
        let previous = slab[index].previousSibling
        let parent = slab[index].parent
        if let next = next.asOptional { slab[next].previousSibling = previous }
        if let previous = previous.asOptional {
            slab[previous].nextSibling = next
        } else {
            slab[parent].firstChild = next
        }
        slab[parent].childCount &-= 1
        slab.free(index)
    }

    /// Replaces a znode's data.
    func replaceData(of index: ZnodeIndex, with data: RawSpan?, stat: StatPersisted) {
        contentSize -= slab.contentSize(of: index)
        slab.replaceData(of: index, with: data)
        contentSize += slab.contentSize(of: index)
        slab[index].stat = stat
        rewriteChecksum(of: index)
    }

    /// Replaces a znode's ACL, taking over one reference to the new one.
    func replaceACL(of index: ZnodeIndex, with slot: Int32) {
        let old = slab[index].aclSlot
        if !cursors.isEmpty {
            for cursor in cursors { cursor.aclWillChange(of: index, in: self) }
        }
        slab[index].aclSlot = slot
        acls.release(old)
    }

    /// Replaces a znode's stat; its owner never changes.
    func replaceStat(of index: ZnodeIndex, with stat: StatPersisted) {
        slab[index].stat = stat
        updateChecksum(of: index)
    }

    /// Computes a znode's checksum anew after its data changed.
    private func rewriteChecksum(of index: ZnodeIndex) {
        guard slab[index].isDigested else { return }
        slab[index].checksumPrefix = slab.checksumPrefix(of: index)
        updateChecksum(of: index)
    }

    /// Computes a znode's checksum anew after its stat changed.
    private func updateChecksum(of index: ZnodeIndex) {
        guard slab[index].isDigested else { return }
        let checksum = TreeDigest.checksum(
            prefix: slab[index].checksumPrefix, stat: slab[index].stat)
        digest = digest &- UInt64(slab[index].checksum) &+ UInt64(checksum)
        slab[index].checksum = checksum
    }
}
