import NIOConcurrencyHelpers

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The lines of stdin: typed by a person where it is a terminal, else read as they are.
final class StandardInput: LineInput {
    /// The longest line that is read; the rest of a longer one is a line of its own.
    static let lineBytesMax = 4 * 1024 * 1024

    private let terminal: TerminalInput?
    private let unread = NIOLockedValueBox<[UInt8]>([])

    init() {
        terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 ? TerminalInput() : nil
    }

    var isTerminal: Bool { terminal != nil }

    func console(over console: any Console) -> any Console {
        terminal?.console(over: console) ?? console
    }

    func nextLine(prompt: String, history: [String], completing: Completer) async -> String? {
        if let terminal {
            return await terminal.nextLine(
                prompt: prompt, history: history, completing: completing)
        }
        while true {
            if let line = takeLine() { return line }
            guard let bytes = await readInput() else { return takeRest() }
            unread.withLockedValue { $0 += bytes }
        }
    }

    private func takeLine() -> String? {
        unread.withLockedValue { unread in
            let end = unread.firstIndex(of: UInt8(ascii: "\n"))
            guard let end = end ?? (unread.count > Self.lineBytesMax ? unread.endIndex : nil)
            else { return nil }
            var line = unread[..<end]
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            let text = String(decoding: line, as: UTF8.self)
            unread.removeSubrange(..<min(end + 1, unread.endIndex))
            return text
        }
    }

    private func takeRest() -> String? {
        unread.withLockedValue { unread in
            defer { unread = [] }
            return unread.isEmpty ? nil : String(decoding: unread, as: UTF8.self)
        }
    }
}
