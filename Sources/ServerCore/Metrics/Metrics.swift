// What a server counts and measures, for `mntr`, the AdminServer and Prometheus.

import Jute
import Records

/// All counters and summaries of one server.
///
/// Confined to the event loop, like the replica that owns it. The cells are plain memory: a class
/// that owns an array pays for exclusive access with every count, and there are several with
/// every request.
@safe
public final class Metrics {
    private let counters: UnsafeMutablePointer<Int64>
    private let summaries: UnsafeMutablePointer<Summary>
    /// By server: there are few.
    private var acknowledgements: [ServerID: Summary] = [:]
    private var reads = NamespaceSummaries()
    private var writes = NamespaceSummaries()
    /// TLS handshakes that have begun and not ended; the driver counts them.
    public var outstandingHandshakes: Int64 = 0

    /// All at nothing.
    public init() {
        let counterCount = CounterMetric.allCases.count
        unsafe counters = .allocate(capacity: counterCount)
        unsafe counters.initialize(repeating: 0, count: counterCount)
        unsafe summaries = .allocate(capacity: SummaryMetric.allCases.count)
        for metric in SummaryMetric.allCases {
            unsafe (summaries + metric.rawValue).initialize(
                to: Summary(hasPercentiles: metric.hasPercentiles))
        }
    }

    deinit {
        unsafe summaries.deinitialize(count: SummaryMetric.allCases.count)
        unsafe summaries.deallocate()
        unsafe counters.deallocate()
    }

    /// Counts.
    @inline(__always)
    public func add(_ metric: CounterMetric, _ amount: Int = 1) {
        unsafe counters[metric.rawValue] &+= Int64(amount)
    }

    /// Measures.
    @inline(__always)
    public func record(_ metric: SummaryMetric, _ value: Int64) {
        unsafe summaries[metric.rawValue].record(value)
    }

    /// Measures a read of `path`.
    func recordRead(_ path: RawSpan, _ size: Int) { reads.record(path, size) }

    /// Measures a write to `path`.
    func recordWrite(_ path: RawSpan, _ size: Int) { writes.record(path, size) }

    /// Measures how long a follower took to acknowledge.
    func recordAcknowledgement(_ server: ServerID, _ milliseconds: Int64) {
        acknowledgements[server, default: Summary(hasPercentiles: true)].record(milliseconds)
    }

    /// A counter.
    public subscript(_ metric: CounterMetric) -> Int64 { unsafe counters[metric.rawValue] }

    /// A summary.
    public subscript(_ metric: SummaryMetric) -> SummaryReading {
        unsafe summaries[metric.rawValue].reading
    }

    /// Back to nothing, as `srst` does.
    func reset() {
        for metric in CounterMetric.allCases { unsafe counters[metric.rawValue] = 0 }
        for metric in SummaryMetric.allCases {
            unsafe summaries[metric.rawValue] = Summary(hasPercentiles: metric.hasPercentiles)
        }
        acknowledgements = [:]
        reads = NamespaceSummaries()
        writes = NamespaceSummaries()
    }

    /// All of it, in the order of the names' declarations; labels ascending.
    var samples: [MetricSample] {
        var samples = CounterMetric.allCases.map {
            MetricSample(MetricName.counters[$0.rawValue], .counter(self[$0]))
        }
        samples += SummaryMetric.allCases.map {
            MetricSample(MetricName.summaries[$0.rawValue], .summary(self[$0]))
        }
        samples += reads.readings.map {
            MetricSample("read_per_namespace", label: $0.name, .summary($0.reading))
        }
        samples += writes.readings.map {
            MetricSample("write_per_namespace", label: $0.name, .summary($0.reading))
        }
        samples += acknowledgements.sorted { $0.key < $1.key }.map {
            MetricSample(
                "ack_latency", label: ByteString("\($0.key)"), .summary($0.value.reading))
        }
        return samples
    }
}
