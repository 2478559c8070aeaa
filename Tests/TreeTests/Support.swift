// What the tests of the tree share: short names for transactions, and a dump of a tree as plain
// values, to compare trees whose indexes differ.

import Jute
import Records

@testable import Tree

func transaction(
    _ zxid: Int64, _ body: TransactionBody, session: Int64 = 0, time: Int64? = nil
) -> Transaction {
    Transaction(
        header: TransactionHeader(
            session: SessionID(session), cxid: Xid(1), zxid: Zxid(zxid),
            time: time ?? zxid * 1000, type: body.type),
        body: body)
}

func create(
    _ path: Path, data: [UInt8]? = [1], acl: [ACL] = ACL.open, type: OpCode = .create,
    ephemeral: Bool = false, cversion: Int32 = 1, ttl: Int64 = 0
) -> TransactionBody {
    .create(
        CreateTransaction(
            path: path, data: data, acl: acl, type: type, isEphemeral: ephemeral,
            parentCVersion: cversion, timeToLive: ttl))
}

func digestACL(_ user: String) -> [ACL] {
    [
        ACL(
            permissions: .all,
            identity: Identity(scheme: "digest", id: ByteString(user)))
    ]
}

/// What differs between two trees, in words; nothing if they are equal.
func differences(_ left: [Path: ZnodeDump], _ right: [Path: ZnodeDump]) -> [String] {
    if left == right { return [] }
    return Set(left.keys).union(right.keys).sorted().compactMap { path in
        guard left[path] != right[path] else { return nil }
        guard let one = left[path], let other = right[path] else {
            return "\(path) is only in the \(left[path] == nil ? "right" : "left") tree"
        }
        var parts: [String] = []
        if one.data != other.data { parts.append("data") }
        if one.acl != other.acl { parts.append("ACL \(one.acl) \(other.acl)") }
        if one.stat != other.stat { parts.append("\(one.stat) \(other.stat)") }
        if one.children != other.children { parts.append("\(one.children) \(other.children)") }
        return "\(path): \(parts)"
    }
}

/// All of a znode that two trees can be compared by.
struct ZnodeDump: Equatable {
    var data: [UInt8]?
    var acl: [ACL]
    var stat: StatPersisted
    var children: [ByteString]
}

extension DataTree {
    /// Every znode by path, found by walking the links.
    func dump() -> [Path: ZnodeDump] {
        var znodes: [Path: ZnodeDump] = [:]
        var next: ZnodeIndex? = .root
        while let index = next {
            znodes[path(of: index)] = ZnodeDump(
                data: data(of: index), acl: acl(of: index), stat: persistedStat(of: index),
                children: childNames(of: index))
            next = successor(of: index, descending: true)
        }
        return znodes
    }

    /// The digest computed anew, with the plainest CRC there is.
    func recomputedDigest() -> UInt64 {
        var sum: UInt64 = 0
        for (path, znode) in dump() where !path.bytes.starts(with: Array("/zookeeper/".utf8)) {
            var writer = JuteWriter()
            if path != .root { writer.writeBytes(path.bytes) }
            writer.writeBytes(znode.data ?? [])
            let stat = znode.stat
            for long in [
                stat.czxid.rawValue, stat.mzxid.rawValue, stat.pzxid.rawValue, stat.ctime,
                stat.mtime,
            ] { writer.writeInt64(long) }
            for int in [stat.version, stat.cversion, stat.aversion] { writer.writeInt32(int) }
            writer.writeInt64(stat.ephemeralOwner)
            sum &+= UInt64(plainChecksum(writer.copyBytes()))
        }
        return sum
    }

    /// A snapshot as `SnapshotCursor` writes it, in one go.
    func snapshotBytes() -> [UInt8] {
        var writer = JuteWriter()
        let cursor = startSnapshot()
        cursor.writeACLTable(to: &writer)
        while cursor.next(limitBytes: 1 << 20, into: &writer) == .more {}
        writer.writeString("/")
        return writer.copyBytes()
    }

    /// A tree of the ACL table and the znodes that a cursor wrote.
    convenience init(loading bytes: [UInt8]) throws {
        self.init(seed: 99)
        reset()
        var reader = JuteReader(bytes.rawSpan)
        for _ in 0..<(try reader.readCount(elementSizeMin: 12) ?? 0) {
            let index = try reader.readInt64()
            try defineACL(index, try ACL.readList(from: &reader) ?? [])
        }
        while let path = try reader.readBuffer(), path != Array("/".utf8) {
            let data = try reader.readBuffer()
            let aclIndex = try reader.readInt64()
            try insertLoaded(
                path: Path(path), data: data, aclIndex: aclIndex,
                stat: try StatPersisted(from: &reader))
        }
        finishLoading()
    }
}

func plainChecksum(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = .max
    for byte in bytes {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
    }
    return ~value
}
