import Jute
public import Records

// `/zookeeper/config` shows the membership. It is written by the server itself and not by a
// transaction, and its zxid is the membership's version.

extension DataTree {
    /// Shows a membership in `/zookeeper/config`; versions stay as they are.
    public func setConfiguration(_ data: [UInt8], zxid: Zxid, time: Int64) {
        guard let index = find(Path("/zookeeper/config")) else { return }
        var stat = persistedStat(of: index)
        stat.version = -1
        stat.mzxid = zxid
        stat.mtime = time
        replaceData(of: index, with: data.rawSpan, stat: stat)
    }
}
