import Jute
import Testing

@testable import ServerCore

struct MetricsTests {
    @Test func `a summary knows number, sum, least, greatest and mean`() {
        var summary = Summary(hasPercentiles: false)
        #expect(summary.reading.mean == "0.0")
        #expect(summary.reading.min == 0)
        for value in [3, 1, 4] as [Int64] { summary.record(value) }
        let reading = summary.reading
        #expect((reading.count, reading.sum, reading.min, reading.max) == (3, 8, 1, 4))
        #expect(reading.mean == "2.6667")
    }

    @Test func `percentiles lie between samples where they must`() {
        var summary = Summary(hasPercentiles: true)
        #expect(summary.reading.quantile(0.5) == 0)
        for value in 1...4 as ClosedRange<Int64> { summary.record(value) }
        #expect(summary.reading.quantile(0.5) == 2.5)
        #expect(summary.reading.quantile(0.99) == 4)
        #expect(summary.reading.quantile(0.01) == 1)
    }

    @Test func `of many measurements a fair sample is kept`() {
        var summary = Summary(hasPercentiles: true)
        for value in 0..<100_000 as Range<Int64> { summary.record(value) }
        #expect(summary.reading.samples?.count == Summary.sampleCountMax)
        #expect((47_000.0...53_000.0).contains(summary.reading.quantile(0.5)))
    }

    @Test(
        arguments: [
            (0, 0, "0.0"), (1, 1, "1.0"), (1, 3, "0.3333"), (2, 3, "0.6667"),
            (99_999, 100_000, "1.0"),
            (1, 10, "0.1"), (Int64.max, 3, "3074457345618258602.3333"), (-1, 3, "0.0"),
        ] as [(Int64, Int64, String)])
    func `quotients have up to four decimals`(_ total: Int64, _ count: Int64, _ text: String) {
        #expect(DecimalText.quotient(total, count) == text)
    }

    @Test func `names are those of Apache ZooKeeper`() {
        #expect(MetricName.counters.contains("bytes_received_count"))
        #expect(
            MetricName.summaries.contains("time_waiting_empty_pool_in_commit_processor_read_ms"))
        #expect(MetricName.counters.count == 51)
        #expect(MetricName.summaries.count == 42 + 23)
    }

    @Test func `namespaces are first names, and not without end`() {
        var table = NamespaceSummaries()
        for path in ["/a", "/a/b", "/b/c/d", "/", "", "/a"] {
            table.record(Array(path.utf8).rawSpan, path.utf8.count)
        }
        #expect(table.readings.map(\.name) == ["a", "b"])
        #expect(table.readings[0].reading.count == 3)
        #expect(table.readings[0].reading.sum == 8)
        for number in 0..<2000 { table.record(Array("/n\(number)".utf8).rawSpan, 1) }
        #expect(table.readings.count == NamespaceSummaries.countMax)
    }

    @Test func `Prometheus' text names each metric once and escapes labels`() {
        var summary = Summary(hasPercentiles: true)
        summary.record(7)
        let text = PrometheusText.write([
            MetricSample("version", .text("3.9.5")), MetricSample("znode_count", .gauge(5)),
            MetricSample("avg_latency", .decimal("0.5")),
            MetricSample("read_per_namespace", label: "a\"\\\n", .gauge(1)),
            MetricSample("read_per_namespace", label: "b", .gauge(2)),
            MetricSample("readlatency", .summary(summary.reading)),
        ])
        #expect(
            text == """
                # HELP znode_count znode_count
                # TYPE znode_count gauge
                znode_count 5.0
                # HELP avg_latency avg_latency
                # TYPE avg_latency gauge
                avg_latency 0.5
                # HELP read_per_namespace read_per_namespace
                # TYPE read_per_namespace gauge
                read_per_namespace{key="a\\"\\\\\\n"} 1.0
                read_per_namespace{key="b"} 2.0
                # HELP readlatency readlatency
                # TYPE readlatency summary
                readlatency{quantile="0.5"} 7.0
                readlatency{quantile="0.9"} 7.0
                readlatency{quantile="0.99"} 7.0
                readlatency_count 1.0
                readlatency_sum 7.0

                """)
    }
}
