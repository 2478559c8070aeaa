// Writing the tree while it changes. A snapshot is fuzzy: each znode is written as it is when its
// turn comes, and replaying the log from the snapshot's zxid on makes up for what happened in
// between. For that to hold,
//
// - a znode's parent precedes it: the walk is in pre-order, and goes on from the znode that is next
//   to be written. When that one is deleted, its successor is next;
// - znodes born after the start are left out, with all below them (which are younger still): the
//   log makes them, with their ACLs. A znode knows how many snapshots had been started at its
//   birth, so this does not depend on zxids. It also means that the walk ends, however fast the
//   tree grows;
// - an ACL index in the output is in the table written at the start: of a znode whose ACL changed
//   since, the old index is kept until it is written. The log's setACL follows in any replay, and
//   at no time does a snapshot show a znode more open than it was.

public import Jute
public import Records

/// What a cursor keeps, shared with the tree.
final class CursorState {
    /// Znodes with this generation or a later one are not part of the snapshot.
    let generation: UInt32
    /// The next znode to write; nil at the end.
    var position: ZnodeIndex? = .root
    /// The first indexes of the ACLs that changed after the start.
    private(set) var oldACLs: [ZnodeIndex: Int64] = [:]
    /// Whether the tree was emptied under the cursor.
    private(set) var isAbandoned = false

    init(generation: UInt32) { self.generation = generation }

    func znodeWillBeRemoved(_ index: ZnodeIndex, from tree: DataTree) {
        if position == index { position = tree.successor(of: index, descending: false) }
        oldACLs[index] = nil
    }

    func aclWillChange(of index: ZnodeIndex, in tree: DataTree) {
        guard position != nil, tree.slab[index].generation < generation else { return }
        if oldACLs[index] == nil { oldACLs[index] = tree.aclIndex(of: index) }
    }

    func abandon() {
        isAbandoned = true
        position = nil
        oldACLs = [:]
    }
}

/// A snapshot of a tree being written, in slices, while the tree goes on changing.
///
/// Any number may exist at a time. The tree's owner calls it, between transactions.
public final class SnapshotCursor {
    /// How far a snapshot has come.
    public enum Progress: Sendable {
        /// There are znodes left.
        case more
        /// All znodes are written; the path that ends them is the caller's.
        case complete
        /// The tree was reset: what was written is worthless.
        case abandoned
    }

    /// The last transaction before the start: what the snapshot is named after, and after which the
    /// log is replayed.
    public let start: Zxid
    /// The ACL table at the start, by index.
    public let aclTable: [(index: Int64, list: [ACL])]

    private let tree: DataTree
    private let state: CursorState

    fileprivate init(_ tree: DataTree) {
        tree.generation &+= 1
        self.tree = tree
        self.start = tree.lastProcessed
        self.aclTable = tree.acls.sorted
        self.state = CursorState(generation: tree.generation)
        tree.cursors.append(state)
    }

    deinit {
        let state = self.state
        tree.cursors.removeAll { $0 === state }
    }

    /// Writes the ACL table: a count, then index and list of each.
    public func writeACLTable(to writer: inout JuteWriter) {
        writer.writeInt32(Int32(aclTable.count))
        for (index, list) in aclTable {
            writer.writeInt64(index)
            ACL.writeList(list, to: &writer)
        }
    }

    /// Writes the records of the next znodes, until there are `limitBytes` more in the writer.
    ///
    /// A record is path, data, ACL index and stat. The last one may exceed the limit. Znodes that
    /// are passed over count a little too, so that a call is bounded in any case.
    public func next(limitBytes: Int, into writer: inout JuteWriter) -> Progress {
        let start = writer.count
        var passed = 0
        while let index = state.position {
            if writer.count - start + passed >= max(1, limitBytes) { return .more }
            if tree.slab[index].generation >= state.generation {
                passed += StatPersisted.size
                state.position = tree.successor(of: index, descending: false)
            } else {
                write(index, to: &writer)
                state.position = tree.successor(of: index, descending: true)
            }
        }
        return state.isAbandoned ? .abandoned : .complete
    }

    private func write(_ index: ZnodeIndex, to writer: inout JuteWriter) {
        tree.slab.writePath(of: index, to: &writer)
        tree.slab.writeData(of: index, to: &writer)
        writer.writeInt64(state.oldACLs[index] ?? tree.aclIndex(of: index))
        tree.slab[index].stat.write(to: &writer)
    }
}

extension DataTree {
    /// Starts a snapshot of the tree as it is now; writing it may take its time.
    public func startSnapshot() -> SnapshotCursor { SnapshotCursor(self) }
}
