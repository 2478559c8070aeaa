// The digest of the tree, version 2: the sum of a CRC-32 for each znode, so that a change costs
// only the znodes it touches. Members compare it after each transaction to notice a difference.

import Jute
public import Records

/// How the digest of a znode is computed.
public enum TreeDigest {
    private static let excluded = Path("/zookeeper/")

    /// What a znode adds to the tree's digest: nothing below `/zookeeper`, whose content may differ
    /// between servers (quota usage, for one).
    public static func node(path: Path, data: [UInt8]?, stat: StatPersisted) -> UInt64 {
        ContentDigest(path: path, data: data).withStat(stat)
    }

    /// Whether the znode at `path` is part of the digest.
    static func includes(_ path: RawSpan) -> Bool {
        guard path.byteCount >= excluded.bytes.count else { return true }
        for (offset, byte) in excluded.bytes.enumerated() where path.byte(at: offset) != byte {
            return true
        }
        return false
    }

    /// The CRC's state after path and data; the root counts with an empty path.
    static func checksumPrefix(path: RawSpan, data: RawSpan?) -> UInt32 {
        var checksum = Checksum()
        if path.byteCount > 1 { checksum.update(path) }
        if let data { checksum.update(data) }
        return checksum.state
    }

    /// The znode's CRC, from the state after path and data.
    static func checksum(prefix: UInt32, stat: StatPersisted) -> UInt32 {
        var checksum = Checksum(continuing: prefix)
        checksum.update(stat.czxid.rawValue)
        checksum.update(stat.mzxid.rawValue)
        checksum.update(stat.pzxid.rawValue)
        checksum.update(stat.ctime)
        checksum.update(stat.mtime)
        checksum.update(stat.version)
        checksum.update(stat.cversion)
        checksum.update(stat.aversion)
        checksum.update(stat.ephemeralOwner)
        return checksum.value
    }
}

/// What a znode's path and data contribute to its digest.
///
/// Where only the stat changes, as the parent's does with each child, keeping this saves going
/// through the data again.
public struct ContentDigest: Equatable, Sendable {
    /// The CRC's state; nil where the znode is no part of the digest.
    let prefix: UInt32?

    init(prefix: UInt32?) { self.prefix = prefix }

    /// The contribution of a path and its data.
    public init(path: Path, data: [UInt8]?) {
        let bytes = path.bytes.rawSpan
        self.prefix =
            TreeDigest.includes(bytes)
            ? TreeDigest.checksumPrefix(path: bytes, data: data?.rawSpan) : nil
    }

    /// What the znode adds to the tree's digest with this stat.
    public func withStat(_ stat: StatPersisted) -> UInt64 {
        guard let prefix else { return 0 }
        return UInt64(TreeDigest.checksum(prefix: prefix, stat: stat))
    }
}
