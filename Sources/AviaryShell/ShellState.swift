import AviaryClient
import NIOConcurrencyHelpers

/// What the shell knows while it runs: the session, the history, what to print.
///
/// One task owns it.
final class ShellState {
    /// Lines that `history` shows, besides the present one.
    static let historyShown = 10
    /// Lines that `redo` finds; older ones are forgotten.
    static let historyMax = 10_000

    let options: ShellOptions
    let console: any Console
    /// Read on the client's event loop, too.
    private let printing = NIOLockedValueBox(true)
    private let dial: @Sendable (ConnectString, @escaping EventSink) -> any ShellSession

    /// What takes a session's events.
    typealias EventSink = @Sendable (ClientEvent) -> Void

    /// Where we are connected, as it was typed.
    private(set) var servers: String
    private(set) var session: (any ShellSession)?
    /// The lines typed, the oldest first, and the number of the first.
    private(set) var history: [String] = []
    private(set) var historyStart = 0
    /// Whether the shell is to end.
    var isDone = false
    /// The exit code of the last command.
    var lastExitCode: Int32 = 0

    init(
        options: ShellOptions, console: any Console,
        dial: @escaping @Sendable (ConnectString, @escaping EventSink) -> any ShellSession
    ) {
        self.options = options
        self.console = console
        self.dial = dial
        self.servers = options.servers ?? ShellOptions.defaultServers
    }

    /// Whether events are printed.
    var printsWatches: Bool {
        get { printing.withLockedValue { $0 } }
        set { printing.withLockedValue { $0 = newValue } }
    }

    /// The number of the next line.
    var lineNumber: Int { historyStart + history.count }

    /// Remembers a line.
    func remember(_ line: String) {
        history.append(line)
        if history.count > Self.historyMax {
            history.removeFirst()
            historyStart += 1
        }
    }

    /// The session that serves a command.
    func connected() throws(CommandFailure) -> any ShellSession {
        guard let session, !session.current.state.isFinal else {
            throw CommandFailure("Not connected")
        }
        return session
    }

    /// Leaves the session there is, and begins one with these servers, or with the same.
    func connect(to servers: String? = nil) async throws(CommandFailure) {
        let text = servers ?? self.servers
        let parsed: ConnectString
        do throws(ZooKeeperError) {
            parsed = try ConnectString(text)
        } catch {
            throw CommandFailure(error.message, exitCode: 64)
        }
        await close()
        self.servers = text
        let console = console
        let printing = printing
        let showsStates = options.showsStates
        session = dial(parsed) { event in
            guard printing.withLockedValue({ $0 }) else { return }
            switch event {
            case .watch(let event): console.message(eventText(event))
            case .state(let state) where showsStates || state == .expired:
                console.message(eventText(state))
            case .state, .noServerReached: break
            }
        }
    }

    /// Ends the session, and with it what is ephemeral.
    func close() async {
        guard let session else { return }
        await session.close()
        self.session = nil
    }

    /// How the session is doing.
    var sessionState: SessionState { session?.current.state ?? .closed }
}
