/// What of a seed's run is left out, to see what its failure needs.
///
/// Its text is what `simulate --limits` takes: `until=1500000,without=1-3+7,operations=40`.
public struct RunLimits: Equatable, Sendable, CustomStringConvertible {
    /// Microseconds of misfortunes; nil for what the run has anyway.
    public var chaosTime: Int64?
    /// Misfortunes that do not take place, by their numbers.
    public var omittedFaults: Set<Int> = []
    /// How many things clients do; nil for no limit.
    public var operationCountMax: Int?
    /// Whether servers also die between two effects of one event.
    public var hasSuddenDeaths = true

    /// Nothing is left out.
    public init() {}

    /// The limits in a text; nil if it is none.
    public init?(_ text: String) {
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1)
            let value = words.count == 2 ? words[1] : ""
            switch words[0] {
            case "until":
                guard let time = Int64(value), time >= 0 else { return nil }
                chaosTime = time
            case "operations":
                guard let count = Int(value), count >= 0 else { return nil }
                operationCountMax = count
            case "steady": hasSuddenDeaths = false
            case "without":
                guard let numbers = RunLimits.numbers(value) else { return nil }
                omittedFaults = numbers
            default: return nil
            }
        }
    }

    private static func numbers(_ text: Substring) -> Set<Int>? {
        var numbers: Set<Int> = []
        for range in text.split(separator: "+") {
            let ends = range.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 20 else {
                return nil
            }
            numbers.formUnion(first...last)
        }
        return numbers
    }

    /// The text that makes these limits again.
    public var description: String {
        var parts: [String] = []
        if let chaosTime { parts.append("until=\(chaosTime)") }
        if !omittedFaults.isEmpty { parts.append("without=" + RunLimits.ranges(omittedFaults)) }
        if let operationCountMax { parts.append("operations=\(operationCountMax)") }
        if !hasSuddenDeaths { parts.append("steady") }
        return parts.joined(separator: ",")
    }

    private static func ranges(_ numbers: Set<Int>) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: "+")
    }
}
