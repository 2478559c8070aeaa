public import Quorum
import Records
import Tree

// The tree's digest at every 128th zxid: servers that agree on it have the same tree.

/// The digest after one transaction.
struct DigestLogEntry {
    /// Zxids that are no multiple of it have no entry.
    static let interval: Int64 = 128
    static let countMax = 1024

    let zxid: Zxid
    let digest: UInt64

    var value: AdminValue {
        .object([
            AdminValue.Field("zxid", .integer(zxid.rawValue)),
            AdminValue.Field("digest", .integer(Int64(bitPattern: digest))),
            AdminValue.Field("digest_version", .number(TransactionDigest.version)),
        ])
    }
}

extension Replica {
    func noteDigest(_ zxid: Zxid) {
        guard settings.digestEnabled else { return }
        digestLog.append(DigestLogEntry(zxid: zxid, digest: tree.digest))
        if digestLog.count > DigestLogEntry.countMax { digestLog.removeFirst() }
    }

    /// Where a learner has come from, or that it is gone.
    public func noteAddress(_ address: String?, of link: LinkID) { linkAddresses[link] = address }
}
