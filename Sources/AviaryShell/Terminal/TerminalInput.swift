import NIOConcurrencyHelpers
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Lines typed by a person: with editing, history and completion, the terminal being raw only
/// while a line is typed, so that Ctrl-C ends a command that takes too long.
final class TerminalInput: LineInput {
    private struct State {
        var line = LineBuffer()
        var prompt = ""
        var isEditing = false
        var decoder = KeyDecoder()
        /// Bytes that came behind the end of a line: the beginning of the next.
        var unread: [UInt8] = []
    }

    private let state = NIOLockedValueBox(State())

    var isTerminal: Bool { true }

    func console(over console: any Console) -> any Console {
        TerminalConsole(base: console, input: self)
    }

    func nextLine(prompt: String, history: [String], completing: Completer) async -> String? {
        guard let raw = RawMode() else { return nil }
        defer { raw.leave() }
        state.withLockedValue {
            $0.line = LineBuffer()
            $0.prompt = prompt
            $0.isEditing = true
            Self.draw($0)
        }
        defer { state.withLockedValue { $0.isEditing = false } }
        while true {
            guard let byte = await nextByte() else { return nil }
            let outcome = state.withLockedValue { state -> LineBuffer.Outcome? in
                guard let key = state.decoder.take(byte) else { return nil }
                let outcome = state.line.apply(key, history: history)
                if outcome == .clearingAsked { show("\u{1b}[H\u{1b}[2J") }
                Self.draw(state)
                return outcome
            }
            switch outcome {
            case nil, .edited, .clearingAsked: break
            case .submitted:
                show("\n")
                return state.withLockedValue { $0.line.text }
            case .interrupted:
                show("^C\n")
                return ""
            case .ended:
                show("\n")
                return nil
            case .completionAsked: await complete(completing)
            }
        }
    }

    private func complete(_ completer: Completer) async {
        let line = state.withLockedValue { $0.line.textBeforeCursor }
        let offers = await completer.offers(for: line)
        let word = line.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
        let common = Completer.commonBeginning(offers)
        state.withLockedValue { state in
            // Typed on in the meantime: what was asked for is of no use any more.
            guard state.line.textBeforeCursor == line else { return }
            if common.count > word.count { state.line.insert(String(common.dropFirst(word.count))) }
            if offers.count == 1, !common.hasPrefix("/") { state.line.insert(" ") }
            if offers.count > 1, common.count <= word.count {
                show("\n" + offers.joined(separator: "   ") + "\n")
            }
            Self.draw(state)
        }
    }

    /// Does `body`, which writes whole lines, without harm to the line being typed.
    func aside(_ body: () -> Void) {
        state.withLockedValue { state in
            if state.isEditing { show("\r\u{1b}[K") }
            body()
            if state.isEditing { Self.draw(state) }
        }
    }

    private func nextByte() async -> UInt8? {
        let ready = state.withLockedValue { $0.unread.isEmpty ? nil : $0.unread.removeFirst() }
        if let ready { return ready }
        guard var bytes = await readInput(), !bytes.isEmpty else { return nil }
        let first = bytes.removeFirst()
        let rest = bytes
        state.withLockedValue { $0.unread += rest }
        return first
    }

    private static func draw(_ state: State) {
        let room = max(columns() - state.prompt.count - 1, 10)
        let (text, column) = state.line.window(width: room)
        let right = state.prompt.count + column
        let move = right > 0 ? "\r\u{1b}[\(right)C" : "\r"
        show("\r\(state.prompt)\(text)\u{1b}[K\(move)")
    }

    private static func columns() -> Int {
        var size = winsize()
        // The call fills the structure we own, and keeps nothing.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }
}

private func show(_ text: String) { writeAll(Array(text.utf8), to: STDOUT_FILENO) }

/// Waits, on a thread that may wait, for bytes on stdin; nil where there will be none.
func readInput() async -> [UInt8]? {
    try? await NIOThreadPool.singleton.runIfActive {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                // The call writes to what the closure lends it, and keeps nothing.
                unsafe read(STDIN_FILENO, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(bytes.prefix(count)) : nil
        }
    }
}

/// The terminal without its own line editing, until it is left.
private struct RawMode {
    private let before: termios

    init?() {
        var settings = termios()
        // Both calls use the structure we own, and keep nothing.
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        settings.c_iflag &= ~tcflag_t(IXON | ICRNL)
        guard unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) == 0 else { return nil }
    }

    func leave() {
        var settings = before
        _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}

/// A console beside a line being typed.
private struct TerminalConsole: Console {
    let base: any Console
    let input: TerminalInput

    func result(_ bytes: [UInt8]) { input.aside { base.result(bytes) } }
    func message(_ text: String) { input.aside { base.message(text) } }
}
