import AviaryEnsemble

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The status once a second: in place on a terminal, table after table in a file.
struct LiveView {
    private let look: () -> EnsembleStatus
    private let output: OutputOptions
    private let isAboutLoad: Bool

    init(
        _ output: OutputOptions, isAboutLoad: Bool, look: @escaping () -> EnsembleStatus
    ) {
        self.look = look
        self.output = output
        self.isAboutLoad = isAboutLoad
    }

    /// Returns when Ctrl-C or SIGTERM comes.
    func run() {
        let interruption = Interruption()
        var earlier: EnsembleStatus?
        var linesAbove = 0
        repeat {
            let status = look()
            if output.json {
                Program.show(status.json(since: earlier).text)
            } else {
                linesAbove = draw(status, since: earlier, over: linesAbove)
            }
            earlier = status
        } while !interruption.wait(milliseconds: 1000)
    }

    /// The number of lines that the cursor is below the first one now.
    private func draw(
        _ status: EnsembleStatus, since earlier: EnsembleStatus?, over linesAbove: Int
    ) -> Int {
        let table = StatusTable(status, since: earlier, isLive: isAboutLoad)
        let size = Program.size
        let title = "\(status.name)  \(LiveView.clock)"
        let text =
            title + "\n" + table.text(width: size?.width, isColoured: Program.isColoured) + "\n"
        guard Program.isTerminal else {
            Program.show(text)
            return 0
        }
        // One line stays free for the cursor, or the terminal would scroll.
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        if let height = size?.height, lines.count >= height, height > 1 {
            lines = lines.prefix(height - 1)
        }
        let start = linesAbove > 0 ? "\u{1b}[\(linesAbove)A\r" : ""
        print(
            start + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J", terminator: "")
        Program.flush()
        return lines.count
    }

    private static var clock: String {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map {
            ($0 < 10 ? "0" : "") + String($0)
        }.joined(separator: ":")
    }
}
