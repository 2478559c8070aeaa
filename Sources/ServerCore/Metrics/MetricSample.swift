// One metric at one moment, and the two forms in which monitors read it: the lines of `mntr` and
// the text format of Prometheus.

public import Jute

/// A metric's value.
public enum MetricValue: Equatable, Sendable {
    /// A word: only `mntr` shows those.
    case text(String)
    /// Goes up and down.
    case gauge(Int64)
    /// Goes up and down, with digits after the point.
    case decimal(String)
    /// Only goes up.
    case counter(Int64)
    case summary(SummaryReading)
}

/// A metric at one moment.
public struct MetricSample: Equatable, Sendable {
    /// Without a prefix.
    public let name: String
    /// What it is about, if there are several.
    public let label: ByteString?
    /// The value.
    public let value: MetricValue

    init(_ name: String, label: ByteString? = nil, _ value: MetricValue) {
        self.name = name
        self.label = label
        self.value = value
    }

    /// The keys of `mntr` without `zk_`, and their values: a summary has several.
    var keysAndValues: [(key: String, value: AdminValue)] {
        let full = label.map { "\($0)_\(name)" } ?? name
        switch value {
        case .text(let text): return [(full, .text(text))]
        case .gauge(let number), .counter(let number): return [(full, .integer(number))]
        case .decimal(let text): return [(full, .decimal(text))]
        case .summary(let reading):
            var all: [(String, AdminValue)] = [
                ("avg_" + full, .decimal(reading.mean)), ("min_" + full, .integer(reading.min)),
                ("max_" + full, .integer(reading.max)), ("cnt_" + full, .integer(reading.count)),
                ("sum_" + full, .integer(reading.sum)),
            ]
            guard reading.hasPercentiles else { return all }
            for (prefix, part) in [("p50_", 0.5), ("p95_", 0.95), ("p99_", 0.99), ("p999_", 0.999)]
            {
                all.append((prefix + full, .integer(Int64(reading.quantile(part).rounded()))))
            }
            return all
        }
    }
}

/// The text format of Prometheus, version 0.0.4, with the names of Apache ZooKeeper's provider.
public enum PrometheusText {
    /// The media type of the format.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// All samples; those of one name must follow each other.
    public static func write(_ samples: [MetricSample]) -> String {
        var text = ""
        var last: String?
        for sample in samples {
            guard let type = type(of: sample.value) else { continue }
            if last != sample.name {
                text += "# HELP \(sample.name) \(sample.name)\n# TYPE \(sample.name) \(type)\n"
                last = sample.name
            }
            write(sample, to: &text)
        }
        return text
    }

    private static func type(of value: MetricValue) -> String? {
        switch value {
        case .text: nil
        case .gauge, .decimal: "gauge"
        case .counter: "counter"
        case .summary: "summary"
        }
    }

    private static func write(_ sample: MetricSample, to text: inout String) {
        let key = sample.label.map { "key=\"\(escaped($0.description))\"" }
        let labels = key.map { "{\($0)}" } ?? ""
        switch sample.value {
        case .text: break
        case .gauge(let number), .counter(let number):
            text += "\(sample.name)\(labels) \(number).0\n"
        case .decimal(let number): text += "\(sample.name)\(labels) \(number)\n"
        case .summary(let reading):
            let parts = reading.hasPercentiles ? ["0.5", "0.9", "0.99"] : ["0.5"]
            for part in parts {
                let isKnown = reading.samples?.isEmpty == false
                let value = isKnown ? "\(reading.quantile(Double(part) ?? 0))" : "NaN"
                let all = ((key.map { [$0] } ?? []) + ["quantile=\"\(part)\""])
                    .joined(separator: ",")
                text += "\(sample.name){\(all)} \(value)\n"
            }
            text += "\(sample.name)_count\(labels) \(reading.count).0\n"
            text += "\(sample.name)_sum\(labels) \(reading.sum).0\n"
        }
    }

    /// The value of a label: a path's name may hold anything.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
