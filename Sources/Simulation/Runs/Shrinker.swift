/// Makes a failing run short: leaves out whatever it fails without.
///
/// Every attempt is a whole run with less in it. One that breaks the same promise is kept and made
/// shorter again, until nothing can be left out or the attempts are used up.
public struct Shrinker {
    private let run: SimulationRun
    private let signature: String
    private var attemptsLeft: Int
    /// The shortest failing run so far.
    public private(set) var limits: RunLimits
    /// What came of it.
    public private(set) var report: SimulationRun.Report

    /// For a run that fails; nil if it does not.
    public init?(_ run: SimulationRun, attempts: Int = 400) {
        let report = run.report()
        guard let signature = report.signature else { return nil }
        self.run = run
        self.signature = signature
        self.report = report
        self.limits = run.limits
        self.attemptsLeft = attempts
    }

    /// Leaves out what can be left out.
    public mutating func shrink() {
        while attemptsLeft > 0 {
            let before = limits
            dropSuddenDeaths()
            shortenTime()
            dropFaults()
            shortenWork()
            if limits == before { return }
        }
    }

    /// Whether a run with these limits fails the same way; if so it is the shortest now.
    private mutating func succeeds(_ change: (inout RunLimits) -> Void) -> Bool {
        var shorter = limits
        change(&shorter)
        guard attemptsLeft > 0, shorter != limits else { return false }
        attemptsLeft -= 1
        var run = run
        run.limits = shorter
        let report = run.report()
        guard report.signature == signature else { return false }
        limits = shorter
        self.report = report
        return true
    }

    private mutating func dropSuddenDeaths() {
        if limits.hasSuddenDeaths { _ = succeeds { $0.hasSuddenDeaths = false } }
    }

    private mutating func shortenTime() {
        let longest = limits.chaosTime ?? report.elapsed
        var divisor: Int64 = 2
        while divisor <= 16 {
            let time = longest - longest / divisor
            if succeeds({ $0.chaosTime = time }) { return shortenTime() }
            divisor *= 2
        }
    }

    private mutating func shortenWork() {
        let most = limits.operationCountMax ?? report.operationCount
        var divisor = 2
        while divisor <= 16 {
            let count = most - max(1, most / divisor)
            if count >= 0, succeeds({ $0.operationCountMax = count }) { return shortenWork() }
            divisor *= 2
        }
    }

    /// Leaves out misfortunes: all, then halves, then smaller pieces, down to single ones.
    private mutating func dropFaults() {
        var size = report.misfortunes.count
        while size > 0 {
            let numbers = report.misfortunes.map(\.number)
            var isShorter = false
            for start in stride(from: 0, to: numbers.count, by: size) {
                let piece = numbers[start..<min(start + size, numbers.count)]
                if succeeds({ $0.omittedFaults.formUnion(piece) }) { isShorter = true }
            }
            if !isShorter || size == 1 { size /= 2 }
            size = min(size, report.misfortunes.count)
        }
    }
}
