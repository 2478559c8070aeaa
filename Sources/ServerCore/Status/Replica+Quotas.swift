import Jute
import Records
import Tree

// What people hear of quotas: lines about exceeded ones, and the figures of `mntr`, summed over
// each first name in a path as Apache ZooKeeper sums them.

extension Replica {
    /// Says that a limit was exceeded, though not for every write.
    func noteExceeded(_ exceeded: ExceededQuota) {
        preparation.exceededQuota = nil
        if exceeded.isRefused {
            statistics.quotaRefusals[exceeded.path.topName, default: 0] += 1
        }
        let time = now.monotonicMilliseconds
        if let last = statistics.quotaNotedAt, time - last < 10_000 { return }
        statistics.quotaNotedAt = time
        log(.warning, exceeded.text)
    }

    /// The lines of `mntr` about quotas; none without any.
    var quotaValues: [(String, String)] {
        var limits: [ByteString: QuotaText] = [:]
        var usages: [ByteString: QuotaText] = [:]
        for path in tree.quotaPaths {
            let name = path.topName
            if let limit = quotaText(QuotaPaths.limits(of: path)) {
                let count = limit.countHardLimit > -1 ? limit.countHardLimit : limit.count
                let bytes = limit.bytesHardLimit > -1 ? limit.bytesHardLimit : limit.bytes
                limits[name] = limits[name].adding(count: count, bytes: bytes)
            }
            if let usage = quotaText(QuotaPaths.usage(of: path)) {
                usages[name] = usages[name].adding(count: usage.count, bytes: usage.bytes)
            }
        }
        var values: [(String, String)] = []
        for (kind, sums) in [("limit", limits), ("usage", usages)] {
            for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
                values.append(("\(name)_quota_count_\(kind)_per_namespace", String(sum.count)))
                values.append(("\(name)_quota_bytes_\(kind)_per_namespace", String(sum.bytes)))
            }
        }
        for (name, count) in statistics.quotaRefusals.sorted(by: { $0.key < $1.key }) {
            values.append(("\(name)_quota_exceeded_error_per_namespace", String(count)))
        }
        return values
    }

    private func quotaText(_ path: Path) -> QuotaText? {
        guard let index = tree.find(path) else { return nil }
        return QuotaText(tree.data(of: index))
    }
}

extension QuotaText? {
    fileprivate func adding(count: Int64, bytes: Int64) -> QuotaText {
        QuotaText(count: (self?.count ?? 0) &+ count, bytes: (self?.bytes ?? 0) &+ bytes)
    }
}

extension Path {
    /// The first name in the path.
    fileprivate var topName: ByteString {
        let names = bytes.split(separator: UInt8(ascii: "/"), maxSplits: 1)
        return ByteString(Array(names.first ?? []))
    }
}
