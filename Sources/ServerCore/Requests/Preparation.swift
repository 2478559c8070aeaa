import Jute
import Records
import Tree

/// Turns a client's write into the transaction that does it, or into the error that refuses it.
///
/// Runs where zxids are given out: on the leader and on a standalone server. The order of checks
/// is part of the protocol: the first that fails decides the error.
struct Preparation {
    /// What the whole ensemble will look like once everything proposed is applied.
    var pending = PendingChanges()
    let access: AccessControl
    /// Whether TTL znodes may be created.
    let extendedTypesEnabled: Bool
    /// Whether the configuration may be changed.
    let reconfigEnabled: Bool
    /// Whether a server of a new configuration may have several addresses.
    var severalAddressesEnabled = false
    /// Whether hard limits of quotas refuse writes.
    var enforcesQuotas = false
    /// The most bytes of a transaction's body.
    var bodySizeMax = Transaction.sizeMax
    /// The last limit that was exceeded, until somebody takes note.
    var exceededQuota: ExceededQuota?

    /// The circumstances of one request.
    struct Context {
        let tree: DataTree
        let zxid: Zxid
        /// The leader's wall clock, milliseconds since 1970.
        let time: Int64
        let session: SessionID
        let credentials: [Identity]
        /// Why no znode may belong to the session, if that is so: it is known to one server alone.
        var ephemeralRefusal: ErrorCode?
        /// Only for a reconfig, and only where there is a quorum.
        let membership: MembershipState?
    }

    /// The effect of a single write.
    mutating func prepare(
        _ request: WriteRequest, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        switch request {
        case .create(let create): return try prepareCreate(create, context)
        case .delete(let path, let version): return try prepareDelete(path, version, context)
        case .setData(let path, let data, let version):
            return try prepareSetData(path, data, version, context)
        case .setACL(let path, let acl, let version):
            return try prepareSetACL(path, acl, version, context)
        case .check(let path, let version): return try prepareCheck(path, version, context)
        case .multi(let operations): return prepareMulti(operations, context)
        case .createSession(let timeout): return .createSession(timeout: timeout)
        case .closeSession: return prepareCloseSession(context)
        case .reconfig(let change): return try prepareReconfig(change, context)
        case .deleteContainer(let path): return try prepareDeleteContainer(path, context)
        case .unreadable: throw .marshallingError
        }
    }

    /// Refuses what no learner could take, before anything counts on it: what is proposed is in the
    /// leader's log, and cannot be taken back.
    ///
    /// A request grows on its way, by `auth` in ACLs above all.
    func requireRoom(for body: TransactionBody) throws(ErrorCode) {
        guard body.size <= bodySizeMax else { throw .badArguments }
    }

    /// The digest of the tree after everything prepared so far.
    var digest: TransactionDigest { TransactionDigest(treeDigest: pending.digest) }

    func require(
        _ permission: Permissions, on znode: PendingZnode, _ context: Context
    ) throws(ErrorCode) {
        guard access.allows(permission, acl: znode.acl, credentials: context.credentials) else {
            throw .noAuth
        }
    }

    func existing(
        _ path: Path, _ context: Context
    ) throws(ErrorCode) -> PendingZnode {
        guard let znode = pending.znode(path, in: context.tree) else { throw .noNode }
        return znode
    }

    private func next(_ version: Int32, expected: Int32) throws(ErrorCode) -> Int32 {
        guard expected == -1 || expected == version else { throw .badVersion }
        return version &+ 1
    }

    // MARK: Single operations

    private mutating func prepareDelete(
        _ path: Path?, _ version: Int32, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard let path else { throw .marshallingError }
        guard !path.containsNUL, let parentPath = path.parent, !ProtectedPaths.contains(path) else {
            throw .badArguments
        }
        let parent = try existing(parentPath, context)
        try require(.delete, on: parent, context)
        let znode = try existing(path, context)
        _ = try next(znode.stat.version, expected: version)
        guard znode.childCount == 0 else { throw .notEmpty }
        remove(path, znode, parentPath, parent, context)
        return .delete(path, isContainer: false)
    }

    private mutating func remove(
        _ path: Path, _ znode: PendingZnode, _ parentPath: Path, _ parent: PendingZnode,
        _ context: Context
    ) {
        var gone = znode
        gone.exists = false
        pending.update(path, to: gone, zxid: context.zxid)
        var lighter = parent
        lighter.childCount -= 1
        lighter.stat.pzxid = max(lighter.stat.pzxid, context.zxid)
        pending.update(parentPath, to: lighter, zxid: context.zxid)
    }

    private mutating func prepareDeleteContainer(
        _ path: Path, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard let parentPath = path.parent, !ProtectedPaths.contains(path) else {
            throw .badArguments
        }
        let znode = try existing(path, context)
        guard znode.childCount == 0 else { throw .notEmpty }
        if case .ephemeral = OwnerKind(znode.stat.ephemeralOwner) { throw .badVersion }
        remove(path, znode, parentPath, try existing(parentPath, context), context)
        return .delete(path, isContainer: true)
    }

    private mutating func prepareSetData(
        _ path: Path?, _ data: [UInt8]?, _ version: Int32, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard let path, path.isValid else { throw .badArguments }
        var znode = try existing(path, context)
        try require(.write, on: znode, context)
        try requireRoom(for: .setData(path, data: data, version: 0))
        let dataCount = Int64(data?.count ?? 0)
        try checkQuota(of: path, bytes: dataCount - Int64(znode.dataCount), count: 0, context)
        znode.dataCount = Int(dataCount)
        znode.stat.version = try next(znode.stat.version, expected: version)
        znode.stat.mzxid = context.zxid
        znode.stat.mtime = context.time
        znode.content = ContentDigest(path: path, data: data)
        pending.update(path, to: znode, zxid: context.zxid)
        return .setData(path, data: data, version: znode.stat.version)
    }

    private mutating func prepareSetACL(
        _ path: Path?, _ acl: [ACL]?, _ version: Int32, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard let path, path.isValid else { throw .badArguments }
        let fixed = try access.fixUp(acl, credentials: context.credentials)
        var znode = try existing(path, context)
        try require(.admin, on: znode, context)
        znode.stat.aversion = try next(znode.stat.aversion, expected: version)
        znode.acl = fixed
        let body = TransactionBody.setACL(path, acl: fixed, version: znode.stat.aversion)
        try requireRoom(for: body)
        pending.update(path, to: znode, zxid: context.zxid)
        return body
    }

    private func prepareCheck(
        _ path: Path?, _ version: Int32, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        guard let path else { throw .marshallingError }
        guard path.isValid else { throw .badArguments }
        let znode = try existing(path, context)
        try require(.read, on: znode, context)
        return .check(path, version: try next(znode.stat.version, expected: version))
    }

    private mutating func prepareCloseSession(_ context: Context) -> TransactionBody {
        let paths = JavaSetOrder.of(pending.ephemerals(of: context.session, in: context.tree))
        for path in paths {
            guard let znode = pending.znode(path, in: context.tree), let parentPath = path.parent,
                let parent = pending.znode(parentPath, in: context.tree)
            else { continue }
            remove(path, znode, parentPath, parent, context)
        }
        let body = TransactionBody.closeSession(ephemerals: paths)
        // A list that is too long is left out, as in old logs: whoever applies the close then
        // deletes all that the session owns.
        return body.size <= bodySizeMax / 2 ? body : .closeSession(ephemerals: nil)
    }

    /// All or nothing: at the first failure everything is taken back, and the operations become
    /// errors that say which one failed.
    ///
    /// The transaction is logged either way.
    private mutating func prepareMulti(
        _ operations: [WriteRequest], _ context: Context
    ) -> TransactionBody {
        pending.beginMulti()
        var bodies: [TransactionBody] = []
        bodies.reserveCapacity(operations.count)
        // An error takes 12 bytes, and any operation may become one.
        var room = bodySizeMax - 4 - 12 * operations.count
        var failed = false
        for operation in operations {
            if failed {
                bodies.append(.error(.runtimeInconsistency))
                continue
            }
            do throws(ErrorCode) {
                let body = try prepare(operation, context)
                room -= body.size
                guard room >= 0 else { throw .badArguments }
                bodies.append(body)
            } catch {
                failed = true
                bodies.append(.error(error))
            }
        }
        pending.endMulti(succeeded: !failed)
        return .multi(bodies)
    }
}

/// Znodes that no client may delete.
enum ProtectedPaths {
    private static let paths: Set<Path> = [
        "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config",
    ]

    static func contains(_ path: Path) -> Bool { paths.contains(path) }
}
