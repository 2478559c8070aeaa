// Filling a tree from a snapshot: reset, the ACL table, the znodes with each after its parent, and
// a last step that makes good what an old or fuzzy snapshot may lack.

import Jute
public import Records

/// Why a snapshot's content is not a tree.
public enum TreeLoadError: Error, Equatable, Sendable {
    /// The znode comes before its parent, or without one.
    case missingParent(Path)
    /// The znode refers to an ACL that the table does not have.
    case missingACL(Path, index: Int64)
    /// The znode was there before.
    case duplicate(Path)
    /// The ACL's index is taken or none.
    case invalidACLIndex(Int64)
}

extension DataTree {
    /// Empties the tree for loading: only the root is left, and snapshots being written end.
    public func reset() {
        for cursor in cursors { cursor.abandon() }
        cursors = []
        slab.removeAll()
        table.removeAll()
        acls = ACLTable()
        owners = OwnerIndex()
        quotas = QuotaTable()
        digest = 0
        contentSize = 0
        lastProcessed = .zero
        makeRoot()
    }

    /// Adds an entry of the snapshot's ACL table.
    public func defineACL(_ index: Int64, _ list: [ACL]) throws(TreeLoadError) {
        guard acls.define(index: index, list: list) else { throw .invalidACLIndex(index) }
    }

    /// Adds a znode of the snapshot; the root has the empty path.
    public func insertLoaded(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) throws(TreeLoadError) {
        guard let slot = acls.slot(index: aclIndex) else {
            throw .missingACL(Path(Array(copying: path)), index: aclIndex)
        }
        if isRoot(path) {
            acls.retain(slot)
            replaceACL(of: .root, with: slot)
            replaceData(of: .root, with: data, stat: stat)
            return
        }
        guard let parent = findParent(of: path) else {
            throw .missingParent(Path(Array(copying: path)))
        }
        guard find(path) == nil else { throw .duplicate(Path(Array(copying: path))) }
        acls.retain(slot)
        addZnode(path, parent: parent, data: data, aclSlot: slot, stat: stat)
    }

    /// Adds a znode of the snapshot; the root has the empty path.
    public func insertLoaded(
        path: Path, data: [UInt8]?, aclIndex: Int64, stat: StatPersisted
    ) throws(TreeLoadError) {
        try insertLoaded(
            path: path.bytes.rawSpan, data: data?.rawSpan, aclIndex: aclIndex, stat: stat)
    }

    /// Ends the loading: drops ACLs that no znode has, adds the system's znodes if the snapshot is
    /// from a time without them, and finds the quotas.
    public func finishLoading() {
        acls.dropUnreferenced()
        addSystemZnodes()
        loadQuotas()
    }
}
