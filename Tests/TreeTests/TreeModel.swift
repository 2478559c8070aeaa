// The tree as plainly as it can be written, and a leader that makes transactions for it: what the
// randomized tests compare the real one with.

import Jute
import Records

@testable import Tree

/// A tree as a dictionary.
struct TreeModel {
    var znodes: [Path: ZnodeDump]

    init() {
        func znode(_ children: [ByteString] = [], _ acl: [ACL] = ACL.open, _ aversion: Int32 = 0)
            -> ZnodeDump
        {
            ZnodeDump(
                data: [], acl: acl, stat: StatPersisted(aversion: aversion), children: children)
        }
        znodes = [
            "/": znode(["zookeeper"]), "/zookeeper": znode(["config", "quota"]),
            "/zookeeper/quota": znode(), "/zookeeper/config": znode([], ACL.readOnly, -1),
        ]
    }

    mutating func apply(_ transaction: Transaction) {
        let header = transaction.header
        switch transaction.body {
        case .multi(let bodies):
            for body in bodies { if case .error = body { return } }
            for body in bodies { apply(body, header) }
        case let body: apply(body, header)
        }
    }

    private mutating func apply(_ body: TransactionBody, _ header: TransactionHeader) {
        switch body {
        case .create(let create): apply(create, header)
        case .delete(let path, _): delete(path, header.zxid)
        case .setData(let path, let data, let version):
            znodes[path]?.data = data
            znodes[path]?.stat.version = version
            znodes[path]?.stat.mzxid = header.zxid
            znodes[path]?.stat.mtime = header.time
        case .setACL(let path, let acl, let version):
            znodes[path]?.acl = acl
            znodes[path]?.stat.aversion = version
        case .closeSession(let paths):
            for path in paths ?? [] { delete(path, header.zxid) }
            for path in ephemerals(of: header.session) { delete(path, header.zxid) }
        default: return
        }
    }

    private mutating func apply(_ create: CreateTransaction, _ header: TransactionHeader) {
        guard let parent = create.path.parent, znodes[parent] != nil else { return }
        if znodes[create.path] != nil {
            znodes[create.path]?.acl = create.acl
        } else {
            let owner =
                switch create.type {
                case .createContainer: Int64.min
                case .createTTL: OwnerKind.timeToLive(milliseconds: create.timeToLive).stored
                default: create.isEphemeral ? header.session.rawValue : 0
                }
            znodes[create.path] = ZnodeDump(
                data: create.data, acl: create.acl,
                stat: StatPersisted(
                    czxid: header.zxid, mzxid: header.zxid, ctime: header.time, mtime: header.time,
                    ephemeralOwner: owner, pzxid: header.zxid),
                children: [])
            znodes[parent]?.children.append(create.path.name)
            znodes[parent]?.children.sort()
        }
        if create.parentCVersion > znodes[parent]?.stat.cversion ?? .max {
            znodes[parent]?.stat.cversion = create.parentCVersion
            znodes[parent]?.stat.pzxid = header.zxid
        }
    }

    private mutating func delete(_ path: Path, _ zxid: Zxid) {
        guard let parent = path.parent, let above = znodes[parent] else { return }
        znodes[parent]?.stat.pzxid = max(zxid, above.stat.pzxid)
        znodes[parent]?.children.removeAll { $0 == path.name }
        for child in znodes.keys where child.isWithin(path) { znodes[child] = nil }
    }

    func ephemerals(of session: SessionID) -> [Path] {
        znodes.filter { $0.value.stat.ephemeralOwner == session.rawValue }.map(\.key).sorted()
    }
}

/// Makes transactions as a leader does: after its checks, with the versions that follow.
struct RandomLeader {
    var model = TreeModel()
    var zxid: Int64 = 0
    var random: SeededGenerator
    /// Whether a closing session's ephemerals are in its transaction, as they are since 3.6.
    ///
    /// A log without them cannot mend a fuzzy snapshot in all cases: what the session owned at that
    /// time may be gone from the snapshot, or be somebody else's.
    let listsEphemerals: Bool

    init(seed: UInt64, listsEphemerals: Bool = true) {
        self.random = SeededGenerator(seed: seed)
        self.listsEphemerals = listsEphemerals
    }

    mutating func next() -> Transaction {
        zxid += 1
        let session = Int64.random(in: 1...4, using: &random)
        let time = Int64.random(in: 0...1 << 40, using: &random)
        let body: TransactionBody
        switch Int.random(in: 0..<20, using: &random) {
        case 0: body = .closeSession(ephemerals: ephemeralsToList(session))
        case 1: body = .createSession(timeout: 1000)
        case 2: body = .error(.noNode)
        case 3, 4: return multi(session, time)
        default: body = single(session)
        }
        let made = transaction(zxid, body, session: session, time: time)
        model.apply(made)
        return made
    }

    private mutating func ephemeralsToList(_ session: Int64) -> [Path]? {
        if !listsEphemerals, random.chance(1, in: 2) { return nil }
        return model.ephemerals(of: SessionID(session)).shuffled(using: &random)
    }

    /// Each operation is made with those before it in effect, as the leader does.
    private mutating func multi(_ session: Int64, _ time: Int64) -> Transaction {
        let before = model
        var bodies: [TransactionBody] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let body = single(session)
            bodies.append(body)
            model.apply(transaction(zxid, body, session: session, time: time))
        }
        if random.chance(1, in: 4) {
            bodies.append(.error(.badVersion))
            model = before
        }
        return transaction(zxid, .multi(bodies), session: session, time: time)
    }

    private mutating func single(_ session: Int64) -> TransactionBody {
        // The order of a dictionary must not decide what a seed does.
        let paths = model.znodes.keys.sorted()
        let path = paths.randomElement(using: &random) ?? .root
        let znode = model.znodes[path]
        switch Int.random(in: 0..<10, using: &random) {
        case 0...4: return createBody(under: path) ?? .check(path, version: 1)
        case 5, 6:
            let isLeaf = znode?.children.isEmpty ?? false
            let isSystem = path.isWithin("/zookeeper") && path.bytes.count < 18
            guard isLeaf, !isSystem else { return .check(path, version: 1) }
            return .delete(path, isContainer: random.chance(1, in: 2))
        case 7, 8:
            return .setData(path, data: randomData(), version: (znode?.stat.version ?? 0) &+ 1)
        default:
            return .setACL(path, acl: randomACL(), version: (znode?.stat.aversion ?? 0) &+ 1)
        }
    }

    private mutating func createBody(under parent: Path) -> TransactionBody? {
        let name = ByteString("n\(Int.random(in: 0..<3, using: &random))")
        let path = parent.appending(name)
        guard model.znodes[path] == nil, let above = model.znodes[parent],
            parent.bytes.count < 14, OwnerKind(above.stat.ephemeralOwner).visibleOwner == 0
        else { return nil }
        let types: [OpCode] = [.create, .create2, .createContainer, .createTTL]
        let type = types.randomElement(using: &random) ?? .create
        return create(
            path, data: randomData(), acl: randomACL(), type: type,
            ephemeral: (type == .create || type == .create2) && random.chance(1, in: 2),
            cversion: above.stat.cversion &+ 1, ttl: type == .createTTL ? 77 : 0)
    }

    private mutating func randomData() -> [UInt8]? {
        if random.chance(1, in: 5) { return nil }
        return (0..<Int.random(in: 0...40, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
    }

    private mutating func randomACL() -> [ACL] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: ACL.open
        case 1: ACL.readOnly
        default: digestACL("user\(Int.random(in: 0..<30, using: &random)):x")
        }
    }
}
