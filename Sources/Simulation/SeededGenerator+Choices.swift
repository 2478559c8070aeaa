// Choices that simulations make.

public import Records

extension ClosedRange<Int64> {
    /// The delays of a slow link, in microseconds: a little late, or later than anybody waits.
    static func slowLink(_ random: inout SeededGenerator) -> ClosedRange<Int64> {
        [5000...50_000, 50_000...400_000, 400_000...2_000_000][random.below(3)]
    }
}

extension SeededGenerator {
    /// A number in the range, both ends included.
    public mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(bitPattern: range.upperBound &- range.lowerBound)
        if width == UInt64.max { return Int64(bitPattern: next()) }
        return range.lowerBound &+ Int64(bitPattern: next() % (width + 1))
    }

    /// A number in the range, both ends included.
    public mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int(number(Int64(range.lowerBound)...Int64(range.upperBound)))
    }

    /// One of the elements, nil if there are none.
    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(0...elements.count - 1)]
    }

    /// A generator of its own for a part of the simulation.
    public mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }
}
