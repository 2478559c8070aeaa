import AviaryEnsemble

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One line on standard error for what takes longer than half a second: what is awaited, since when.
///
/// A terminal shows it in place; a file gets a line when it changes, or every five seconds.
struct Progress {
    private static let silentSeconds = 0.5

    private let begun: Double
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shownAt = 0.0
    private var shown = ""

    /// Something that began just now, or at another time of the monotonic clock.
    init(since begun: Double = LocalEnsemble.seconds()) { self.begun = begun }

    /// Says what is awaited, if it is time to say so.
    mutating func update(_ what: String) {
        let now = LocalEnsemble.seconds()
        guard now - begun >= Progress.silentSeconds else { return }
        let isDue = isTerminal ? now - shownAt >= 0.1 : now - shownAt >= 5 || what != shown
        guard isDue else { return }
        shownAt = now
        shown = what
        let tenths = Int((now - begun) * 10)
        let line = "\(what), \(tenths / 10).\(tenths % 10) s"
        if isTerminal {
            Program.noteWithoutNewline("\r\(line)\u{1b}[K")
        } else {
            Program.note(line)
        }
    }

    /// Takes the line away from a terminal.
    mutating func finish() {
        if isTerminal, !shown.isEmpty { Program.noteWithoutNewline("\r\u{1b}[K") }
        shown = ""
    }
}
