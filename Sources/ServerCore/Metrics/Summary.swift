// Measurements summed up as they come, with a sample of them for percentiles where those are asked
// for. Recording is a few stores; all else happens when somebody looks.

/// Number, sum, least and greatest of some measurements, and perhaps a sample of them.
struct Summary {
    /// As many as Apache ZooKeeper keeps.
    static let sampleCountMax = 4096

    private(set) var count: Int64 = 0
    private(set) var sum: Int64 = 0
    private var least: Int64 = .max
    private var most: Int64 = .min
    /// Of all measurements each is as likely to be here; nil where there would be too many.
    private var samples: [Int64]?
    /// Whether `mntr` shows percentiles; Prometheus always shows a middle.
    private let hasPercentiles: Bool
    /// Where the next sample goes: chance without a generator to carry about.
    private var random: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(hasPercentiles: Bool, keepsSamples: Bool = true) {
        self.hasPercentiles = hasPercentiles
        self.samples = keepsSamples ? [] : nil
    }

    var min: Int64 { count == 0 ? 0 : least }
    var max: Int64 { count == 0 ? 0 : most }

    @inline(__always)
    mutating func record(_ value: Int64) {
        count &+= 1
        sum &+= value
        if value < least { least = value }
        if value > most { most = value }
        if samples != nil { keep(value) }
    }

    private mutating func keep(_ value: Int64) {
        if count <= Summary.sampleCountMax {
            samples?.append(value)
            return
        }
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        let place = random % UInt64(count)
        if place < UInt64(Summary.sampleCountMax) { samples?[Int(place)] = value }
    }

    /// What is known now.
    var reading: SummaryReading {
        SummaryReading(
            count: count, sum: sum, min: min, max: max, samples: samples?.sorted(),
            hasPercentiles: hasPercentiles)
    }
}

/// A summary at one moment.
public struct SummaryReading: Equatable, Sendable {
    /// How many measurements there were.
    public let count: Int64
    /// Their sum.
    public let sum: Int64
    /// The least; 0 without any.
    public let min: Int64
    /// The greatest; 0 without any.
    public let max: Int64
    /// Ascending; nil where none are kept.
    let samples: [Int64]?
    /// Whether `mntr` shows percentiles.
    public let hasPercentiles: Bool

    /// The mean with up to four decimals, at least one.
    public var mean: String { DecimalText.quotient(sum, count) }

    /// The value that a part of all measurements does not exceed, between two samples if need be.
    public func quantile(_ part: Double) -> Double {
        guard let samples, let first = samples.first, let last = samples.last else { return 0 }
        let place = part * Double(samples.count + 1)
        if place < 1 { return Double(first) }
        if place >= Double(samples.count) { return Double(last) }
        let lower = samples[Int(place) - 1], upper = samples[Int(place)]
        return Double(lower) + (place - place.rounded(.down)) * Double(upper - lower)
    }
}

/// Numbers with a point, as Apache ZooKeeper prints them.
enum DecimalText {
    /// Up to four decimals, at least one; 0.0 where nothing was divided.
    static func quotient(_ total: Int64, _ count: Int64) -> String {
        guard count > 0, total >= 0 else { return "0.0" }
        let (whole, rest) = total.quotientAndRemainder(dividingBy: count)
        // Exact, and without overflow as long as there are fewer than 10^14 measurements.
        let (scaled, isTooLarge) = rest.multipliedReportingOverflow(by: 10_000)
        if isTooLarge { return "\(whole).0" }
        let tenThousandths = (scaled + count / 2) / count
        var digits = String(10_000 + tenThousandths % 10_000).dropFirst()
        while digits.utf8.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole + tenThousandths / 10_000).\(digits)"
    }
}
