// The in-memory database: every znode of the ensemble, as of the last transaction applied.
//
// A tree has one owner, the replica, and is changed by committed transactions only (apply), or by
// loading a snapshot. It does no I/O, keeps no time, and answers reads in place: a read asks for
// the znode's index once, and then writes what it needs straight into the reply.

import Jute
public import Records

/// The znodes of the ensemble, by path.
public final class DataTree {
    let slab = ZnodeSlab()
    let table = PathTable()
    let hash: PathHash
    var acls = ACLTable()
    var owners = OwnerIndex()
    var quotas = QuotaTable()
    /// The snapshots being written; they must hear of deletions and of changed ACLs.
    var cursors: [CursorState] = []
    /// How many snapshots were started: a znode keeps the number of its birth.
    var generation: UInt32 = 0
    /// The bytes of all paths and data.
    var contentSize = 0

    /// The sum of the digests of all znodes outside of `/zookeeper/`.
    public internal(set) var digest: UInt64 = 0

    /// The zxid of the last transaction applied, or of the state loaded.
    ///
    /// The owner sets it where no transaction does: after loading, and when an epoch starts.
    public var lastProcessed: Zxid = .zero

    /// A fresh tree: the root and the znodes that every server has from the start.
    ///
    /// `seed` keys the hash of paths and should be a secret of the process; nothing that the tree
    /// shows depends on it.
    public init(seed: UInt64) {
        self.hash = PathHash(seed: seed)
        makeRoot()
        addSystemZnodes()
    }

    // MARK: Finding

    /// The znode at `path`, nil if there is none; the empty path is an alias of `/`.
    public func find(_ path: RawSpan) -> ZnodeIndex? {
        if isRoot(path) { return .root }
        return table.find(path, tag: hash(path), in: slab)
    }

    /// The znode at `path`, nil if there is none; the empty path is an alias of `/`.
    public func find(_ path: Path) -> ZnodeIndex? { find(path.bytes.rawSpan) }

    /// The znode at the parent of `path`: everything before the last `/`.
    public func findParent(of path: RawSpan) -> ZnodeIndex? {
        guard let cut = lastSlash(in: path) else { return nil }
        return find(path.extracting(first: cut))
    }

    @inline(__always)
    func isRoot(_ path: RawSpan) -> Bool {
        path.byteCount == 0 || (path.byteCount == 1 && path.byte(at: 0) == DataTree.slash)
    }

    static let slash = UInt8(ascii: "/")

    /// Where the last `/` stands; nil where there is none, or nothing follows it.
    func lastSlash(in path: RawSpan) -> Int? {
        var cut = path.byteCount &- 1
        guard cut > 0, path.byte(at: cut) != DataTree.slash else { return nil }
        while cut >= 0, path.byte(at: cut) != DataTree.slash { cut &-= 1 }
        return cut >= 0 ? cut : nil
    }

    // MARK: Counting

    /// The number of znodes as ZooKeeper counts: the root's two names are two, so a fresh tree
    /// has 5.
    public var nodeCount: Int { slab.count + 1 }

    /// The number of ephemerals.
    public var ephemeralCount: Int { owners.ephemeralCount }

    /// The bytes of all paths and data.
    public var approximateDataSize: Int { contentSize }
}

extension RawSpan {
    /// The byte at `offset`, which must be in bounds.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "reading past the end of a span")
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}
