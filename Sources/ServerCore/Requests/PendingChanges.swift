import Jute
import Records
import Tree

/// A znode as it will be once every transaction proposed so far is applied.
struct PendingZnode {
    var exists: Bool
    var stat: StatPersisted
    /// What its path and data contribute to the digest: the data itself is in the transaction.
    var content: ContentDigest
    var acl: [ACL]
    var childCount: Int32
    /// The size of its data.
    var dataCount: Int
    /// The last proposed transaction that touched it.
    var zxid: Zxid
    /// What it adds to the tree's digest; 0 when it does not exist.
    var digest: UInt64
}

/// The effects of the transactions that are proposed and not applied yet, over the tree.
///
/// A write is checked against what will be when it is applied, not against what is: creating,
/// changing and deleting one znode back to back works although nothing is committed in between.
struct PendingChanges {
    private var znodes: [Path: PendingZnode] = [:]
    /// What was touched by which transaction, in the order of proposing.
    private var order: [(zxid: Zxid, path: Path)] = []
    private var orderStart = 0
    /// While a multi is prepared: what to put back if it fails.
    private var undo: [(path: Path, before: PendingZnode?)]?
    private var digestBeforeMulti: UInt64 = 0
    private var orderCountBeforeMulti = 0
    /// The digest of the tree once everything proposed is applied.
    private(set) var digest: UInt64 = 0

    /// Whether nothing is proposed that is not applied.
    var isEmpty: Bool { znodes.isEmpty }

    /// The znode at `path` as it will be, or nil if it will not be.
    func znode(_ path: Path, in tree: DataTree) -> PendingZnode? {
        if let pending = znodes[path] { return pending.exists ? pending : nil }
        guard let index = tree.find(path) else { return nil }
        return PendingZnode(
            exists: true, stat: tree.persistedStat(of: index),
            content: tree.contentDigest(of: index), acl: tree.acl(of: index),
            childCount: Int32(truncatingIfNeeded: tree.childCount(of: index)),
            dataCount: tree.dataLength(of: index), zxid: .zero,
            digest: tree.digest(of: index))
    }

    /// Before the first change of a transaction: the digest starts from the tree's.
    mutating func willPrepare(over tree: DataTree) {
        if znodes.isEmpty { digest = tree.digest }
    }

    /// Records the znode at `path` as the transaction `zxid` leaves it.
    mutating func update(_ path: Path, to znode: PendingZnode, zxid: Zxid) {
        undo?.append((path, znodes[path]))
        var updated = znode
        updated.zxid = zxid
        updated.digest = znode.exists ? znode.content.withStat(znode.stat) : 0
        digest = digest &- znode.digest &+ updated.digest
        znodes[path] = updated
        order.append((zxid, path))
    }

    /// Starts a multi: what follows can be taken back.
    mutating func beginMulti() {
        undo = []
        digestBeforeMulti = digest
        orderCountBeforeMulti = order.count
    }

    /// Ends a multi, taking its changes back if it failed.
    mutating func endMulti(succeeded: Bool) {
        let changes = undo ?? []
        undo = nil
        if succeeded { return }
        for change in changes.reversed() { znodes[change.path] = change.before }
        digest = digestBeforeMulti
        order.removeSubrange(orderCountBeforeMulti...)
    }

    /// The transaction `zxid` has been applied: the tree knows now.
    mutating func applied(_ zxid: Zxid) {
        while orderStart < order.count, order[orderStart].zxid <= zxid {
            let path = order[orderStart].path
            if let pending = znodes[path], pending.zxid <= zxid { znodes[path] = nil }
            orderStart += 1
        }
        if orderStart == order.count {
            order.removeAll(keepingCapacity: order.count < 10_000)
            orderStart = 0
        } else if orderStart > 4096 {
            order.removeSubrange(..<orderStart)
            orderStart = 0
        }
    }

    /// The ephemerals that `session` will own, in the order of their creation.
    func ephemerals(of session: SessionID, in tree: DataTree) -> [Path] {
        var births: [Path: Zxid] = [:]
        for path in tree.ephemerals(of: session) {
            guard let index = tree.find(path) else { continue }
            births[path] = tree.persistedStat(of: index).czxid
        }
        for (path, znode) in znodes {
            let isOwn = znode.exists && znode.stat.ephemeralOwner == session.rawValue
            births[path] = isOwn ? znode.stat.czxid : nil
        }
        return births.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }
}
