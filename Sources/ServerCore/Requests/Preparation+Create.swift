import Jute
import Records
import Tree

// Creates of every kind: the flags of the request say which znode it makes, its opcode which
// transaction is logged.

extension Preparation {
    mutating func prepareCreate(
        _ request: CreateOperation, _ context: Context
    ) throws(ErrorCode) -> TransactionBody {
        let mode = try CreateMode(
            of: request, extendedTypesEnabled: extendedTypesEnabled)
        if mode.isEphemeral, let refusal = context.ephemeralRefusal { throw refusal }
        guard var path = request.path else { throw .marshallingError }
        // A sequential create of "/" makes a child of the root.
        guard !path.containsNUL, let parentPath = path == .root ? .root : path.parent else {
            throw .badArguments
        }
        let acl = try access.fixUp(request.acl, credentials: context.credentials)
        guard var parent = pending.znode(parentPath, in: context.tree) else { throw .noNode }
        guard access.allows(.create, acl: parent.acl, credentials: context.credentials) else {
            throw .noAuth
        }
        let sequence = parent.stat.cversion
        if mode.isSequential { path = path.appending(sequence: sequence) }
        guard path.isValid else { throw .badArguments }
        guard pending.znode(path, in: context.tree) == nil else { throw .nodeExists }
        if case .ephemeral = OwnerKind(parent.stat.ephemeralOwner) {
            throw .noChildrenForEphemerals
        }
        let dataCount = request.data?.count ?? 0
        try checkQuota(of: path, bytes: Int64(dataCount), count: 1, context)

        let parentCVersion = sequence &+ 1
        let body = TransactionBody.create(
            CreateTransaction(
                path: path, data: request.data, acl: acl, type: request.type,
                isEphemeral: mode.isEphemeral, parentCVersion: parentCVersion,
                timeToLive: request.type == .createTTL ? request.timeToLive : 0))
        try requireRoom(for: body)
        let owner = owner(of: request.type, mode, context.session)
        let stat = StatPersisted(
            czxid: context.zxid, mzxid: context.zxid, ctime: context.time, mtime: context.time,
            ephemeralOwner: owner.stored, pzxid: context.zxid)
        parent.childCount += 1
        if parentCVersion > parent.stat.cversion {
            parent.stat.cversion = parentCVersion
            parent.stat.pzxid = context.zxid
        }
        pending.update(parentPath, to: parent, zxid: context.zxid)
        pending.update(
            path,
            to: PendingZnode(
                exists: true, stat: stat,
                content: ContentDigest(path: path, data: request.data), acl: acl, childCount: 0,
                dataCount: dataCount, zxid: context.zxid, digest: 0),
            zxid: context.zxid)
        return body
    }

    /// What the transaction will make, which is by its type rather than by the flags.
    private func owner(
        of type: OpCode, _ mode: CreateMode, _ session: SessionID
    ) -> OwnerKind {
        switch type {
        case .createContainer: .container
        case .createTTL: .timeToLive(milliseconds: mode.timeToLive)
        default: mode.isEphemeral ? .ephemeral(session) : .persistent
        }
    }
}

/// What the flags of a create mean.
struct CreateMode {
    /// All that have a meaning.
    static let flags: ClosedRange<Int32> = 0...6

    let isEphemeral: Bool
    let isSequential: Bool
    let timeToLive: Int64

    /// Reads the flags of `request` and holds them against its opcode.
    init(of request: CreateOperation, extendedTypesEnabled: Bool) throws(ErrorCode) {
        let flags = request.flags
        let timeToLive = request.timeToLive
        guard CreateMode.flags.contains(flags) else { throw .badArguments }
        self.isEphemeral = flags == 1 || flags == 3
        self.isSequential = flags == 2 || flags == 3 || flags == 6
        self.timeToLive = timeToLive
        if flags >= 5 {
            guard extendedTypesEnabled else { throw .unimplemented }
            guard timeToLive > 0, timeToLive <= OwnerKind.timeToLiveMillisecondsMax else {
                throw .badArguments
            }
        } else if request.type == .createTTL {
            // Apache ZooKeeper accepts this with a negative time to live, and never starts again.
            throw .badArguments
        }
    }
}

extension Path {
    /// The path with a sequence number: ten columns, zeroes ahead, a sign inside them.
    func appending(sequence: Int32) -> Path {
        let digits = Array(String(sequence.magnitude).utf8)
        let sign: [UInt8] = sequence < 0 ? [UInt8(ascii: "-")] : []
        let zeroes = max(0, 10 - digits.count - sign.count)
        return Path(bytes + sign + Array(repeating: UInt8(ascii: "0"), count: zeroes) + digits)
    }
}
