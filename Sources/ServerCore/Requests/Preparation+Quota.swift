import Jute
import Records
import Tree

// Quotas, held against what is committed: a hard limit refuses, a soft one warns. Without
// `enforceQuota` nobody looks at limits; usage is counted all the same.

extension Preparation {
    /// Throws if a hard limit would be exceeded by this much more.
    ///
    /// Also when less would be used, but still too much: so it is in Apache ZooKeeper.
    mutating func checkQuota(
        of path: Path, bytes: Int64, count: Int64, _ context: Context
    ) throws(ErrorCode) {
        let tree = context.tree
        guard enforcesQuotas, let quota = tree.quotaPath(covering: path),
            let limitsIndex = tree.find(QuotaPaths.limits(of: quota))
        else { return }
        guard let limits = QuotaText(tree.data(of: limitsIndex)) else { throw .marshallingError }
        let countLimit = Limit(hard: limits.countHardLimit, soft: limits.count)
        let bytesLimit = Limit(hard: limits.bytesHardLimit, soft: limits.bytes)
        let isCounted = count != 0 && countLimit.value > -1
        let isWeighed = bytes != 0 && bytesLimit.value > -1
        guard isCounted || isWeighed, let usageIndex = tree.find(QuotaPaths.usage(of: quota)) else {
            return
        }
        guard let usage = QuotaText(tree.data(of: usageIndex)) else { throw .marshallingError }
        if isCounted {
            try check(usage.count &+ count, against: countLimit, quota, of: "znodes")
        }
        if isWeighed {
            try check(usage.bytes &+ bytes, against: bytesLimit, quota, of: "bytes")
        }
    }

    private mutating func check(
        _ usage: Int64, against limit: Limit, _ quota: Path, of unit: String
    ) throws(ErrorCode) {
        guard usage > limit.value else { return }
        exceededQuota = ExceededQuota(
            path: quota, isRefused: limit.isHard,
            text: "quota of \(quota): \(usage) \(unit), over the "
                + "\(limit.isHard ? "hard" : "soft") limit of \(limit.value)")
        if limit.isHard { throw .quotaExceeded }
    }

    /// Where a hard limit is set the soft one does not matter.
    private struct Limit {
        let value: Int64
        let isHard: Bool

        init(hard: Int64, soft: Int64) {
            self.isHard = hard > -1
            self.value = isHard ? hard : soft
        }
    }
}

/// A limit that a write exceeded, for those who look after the server.
struct ExceededQuota {
    let path: Path
    /// Whether the write was refused.
    let isRefused: Bool
    let text: String
}
