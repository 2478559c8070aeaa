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

    /// The metrics about quotas; none without any.
    var quotaSamples: [MetricSample] {
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
        var samples: [MetricSample] = []
        for (kind, sums) in [("limit", limits), ("usage", usages)] {
            let sorted = sums.sorted { $0.key < $1.key }
            samples += sorted.map {
                MetricSample(
                    "quota_count_\(kind)_per_namespace", label: $0.key, .gauge($0.value.count))
            }
            samples += sorted.map {
                MetricSample(
                    "quota_bytes_\(kind)_per_namespace", label: $0.key, .gauge($0.value.bytes))
            }
        }
        samples += statistics.quotaRefusals.sorted { $0.key < $1.key }.map {
            MetricSample("quota_exceeded_error_per_namespace", label: $0.key, .counter($0.value))
        }
        return samples
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
