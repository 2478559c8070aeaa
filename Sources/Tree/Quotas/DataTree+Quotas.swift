// The upkeep of quotas: every znode and every byte that comes or goes below a path with one is
// counted in its usage znode, in place. That is no write: no version, zxid or time of it changes,
// nobody is told, and no digest knows of it.

import Jute
public import Records

extension DataTree {
    /// The paths under a quota, sorted.
    public var quotaPaths: [Path] { quotas.all }

    /// The deepest path with a quota that is `path` or above it.
    public func quotaPath(covering path: Path) -> Path? { quotas.nearest(to: path) }

    /// A znode has been created.
    func countCreation(of path: Path, bytes: Int) {
        switch QuotaPaths.kind(of: path) {
        case .limits(let target): quotas.insert(target)
        case .usage(let target): recount(target)
        case nil: break
        }
        adjustUsage(of: path, bytes: bytes, count: 1)
    }

    /// A znode has been deleted; if it had children, as only in a replay, they went with it.
    func countDeletion(of path: Path, bytes: Int, hadChildren: Bool) {
        if case .limits(let target) = QuotaPaths.kind(of: path) { quotas.remove(target) }
        if hadChildren, let quota = quotas.nearest(to: path) { return recount(quota) }
        adjustUsage(of: path, bytes: -bytes, count: -1)
    }

    /// The data of a znode has been replaced.
    func countChange(of path: Path, bytes: Int) {
        adjustUsage(of: path, bytes: bytes, count: 0)
    }

    private func adjustUsage(of path: Path, bytes: Int, count: Int64) {
        guard let quota = quotas.nearest(to: path), let index = find(QuotaPaths.usage(of: quota))
        else { return }
        guard var usage = QuotaText(data(of: index)) else {
            // A client wrote something else there. Applying must not fail, so it begins anew.
            return recount(quota)
        }
        usage.count &+= count
        usage.bytes &+= Int64(bytes)
        replaceUsage(at: index, with: usage)
    }

    /// Counts a subtree from scratch, its top included.
    private func recount(_ quota: Path) {
        guard let usageIndex = find(QuotaPaths.usage(of: quota)) else { return }
        var usage = QuotaText(count: 0, bytes: 0)
        if let top = find(quota) {
            var next: ZnodeIndex? = top
            while let current = next {
                usage.count += 1
                usage.bytes += Int64(dataLength(of: current))
                next = successor(of: current, descending: true, within: top)
            }
        }
        replaceUsage(at: usageIndex, with: usage)
    }

    private func replaceUsage(at index: ZnodeIndex, with usage: QuotaText) {
        replaceData(of: index, with: usage.encoded.rawSpan, stat: persistedStat(of: index))
    }

    /// Finds the quotas of a tree that has been loaded, and counts each anew: what a snapshot says
    /// of usage may be from another moment than the znodes in it.
    func loadQuotas() {
        quotas = QuotaTable()
        guard let top = find(QuotaPaths.top) else { return }
        var next: ZnodeIndex? = top
        while let current = next {
            next = successor(of: current, descending: true, within: top)
            guard childCount(of: current) == 0,
                case .limits(let target) = QuotaPaths.kind(of: path(of: current))
            else { continue }
            quotas.insert(target)
        }
        for path in quotas.all { recount(path) }
    }
}
