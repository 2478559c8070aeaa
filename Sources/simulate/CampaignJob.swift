import Simulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One process of a campaign, as the campaign sees it, and what it tells, a line each.
@safe final class CampaignJob {
    /// What a job has to say.
    enum Word {
        case began(SimulationRun.Kind, seed: UInt64)
        case failed(String)
        case ended(elapsed: Int64)

        /// Its line.
        var line: String {
            switch self {
            case .began(let kind, let seed): "\(kind.rawValue) \(seed)"
            case .failed(let reason):
                "failed \(reason.split(separator: "\n").joined(separator: " "))"
            case .ended(let elapsed): "elapsed \(elapsed)"
            }
        }

        init?(line: Substring) {
            guard let blank = line.firstIndex(of: " ") else { return nil }
            let rest = line[line.index(after: blank)...]
            switch line[..<blank] {
            case "failed": self = .failed(String(rest))
            case "elapsed":
                guard let elapsed = Int64(rest) else { return nil }
                self = .ended(elapsed: elapsed)
            case let kind:
                guard let kind = SimulationRun.Kind(rawValue: String(kind)),
                    let seed = UInt64(rest)
                else { return nil }
                self = .began(kind, seed: seed)
            }
        }
    }

    /// Its place among the jobs.
    let number: Int
    /// What it came to last.
    private(set) var last: (kind: SimulationRun.Kind, seed: UInt64)?
    private var hasFailures = false
    /// How its process has ended, as a shell tells it; 0 also if it has told of failures, nil while it
    /// runs.
    private(set) var ending: Int32?
    private var stream: UnsafeMutablePointer<FILE>?
    private var unread: [UInt8] = []
    /// Where its words are read.
    private var descriptor: CInt { unsafe stream.map { unsafe fileno($0) } ?? -1 }

    /// This program with other arguments.
    init(_ number: Int, _ words: [String]) {
        self.number = number
        let program = CommandLine.arguments[0].split(
            separator: "'", omittingEmptySubsequences: false
        ).joined(separator: "'\\''")
        unsafe stream = popen("exec '\(program)' \(words.joined(separator: " "))", "r")
        if unsafe stream == nil { ending = 127 }
    }

    /// Waits until some have something to say, or have ended.
    static func whoSpeak(of jobs: [CampaignJob]) -> [CampaignJob] {
        let dead = jobs.filter { unsafe $0.stream == nil }
        guard dead.isEmpty else { return dead }
        var polled = jobs.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard unsafe poll(&polled, nfds_t(polled.count), -1) > 0 else { return [] }
        return zip(jobs, polled).filter { $0.1.revents != 0 }.map(\.0)
    }

    /// What it says now.
    func hear() -> [Word] {
        guard let stream = unsafe stream else { return [] }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            let status = unsafe pclose(stream)
            unsafe self.stream = nil
            let signal = status & 0x7f
            let code = signal != 0 ? 128 + signal : status >> 8
            ending = code == 1 && hasFailures ? 0 : code
            return []
        }
        unread += buffer[..<count]
        guard let end = unread.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = String(decoding: unread[..<end], as: UTF8.self)
        unread.removeSubrange(...end)
        return lines.split(separator: "\n").compactMap { line in
            let word = Word(line: line)
            switch word {
            case .began(let kind, let seed): last = (kind, seed)
            case .failed: hasFailures = true
            case .ended, nil: break
            }
            return word
        }
    }
}

extension Campaign {
    /// What such a process does: every so many-th seed, and a line for all that there is to tell.
    func work(step: UInt64) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        var isWell = true
        var seed = first
        func say(_ word: CampaignJob.Word) {
            print(word.line)
            fflush(nil)
        }
        while seedCount.map({ seed < first + $0 * step }) ?? (ContinuousClock.now < end) {
            for kind in kinds {
                say(.began(kind, seed: seed))
                let report = Campaign.run(kind, seed: seed).report()
                if let failure = report.failure {
                    say(.failed(failure))
                    isWell = false
                }
                say(.ended(elapsed: report.elapsed))
            }
            seed += step
        }
        return isWell
    }
}
