import AviaryClient
import Records

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The shell of ZooKeeper, as everybody knows it: one command, or a conversation.
public enum Shell {
    /// How long a single command waits for its first server, unless told to wait for longer.
    ///
    /// All servers may be tried sooner; then it fails sooner.
    static let firstConnectionPatience: Duration = .seconds(5)

    /// Runs what the words behind `aviary cli` ask for, and returns the exit code.
    ///
    /// 0 done, 1 failed, 64 misused, 69 no server could be reached, 127 no such command.
    public static func run(arguments: [String]) async -> Int32 {
        await run(arguments: arguments, console: StandardConsole(), input: StandardInput()) {
            options, servers, onEvent in
            ZooKeeperClient(
                servers, timeout: options.timeout, isReadOnlyAllowed: options.isReadOnlyAllowed,
                onEvent: onEvent)
        }
    }

    /// Whose servers the words behind `aviary cli` leave open.
    public enum Target: Equatable {
        /// They name servers, or cannot be read: nothing is open.
        case settled
        /// The ensemble of this name; nil is the one that verbs without a name are about.
        case ensemble(String?)
    }

    /// What is to be found out before `run`, and put before the words as `-server`.
    public static func target(of arguments: [String]) -> Target {
        guard !["-h", "-help", "--help"].contains(arguments.first),
            let options = try? ShellOptions(arguments), options.servers == nil
        else { return .settled }
        return .ensemble(options.ensemble)
    }

    /// The same with any console, input and kind of session.
    static func run(
        arguments: [String], console: any Console, input: any LineInput,
        dial:
            @escaping @Sendable (ShellOptions, ConnectString, @escaping ShellState.EventSink) ->
            any ShellSession
    ) async -> Int32 {
        do throws(CommandFailure) {
            if ["-h", "-help", "--help"].contains(arguments.first) {
                console.result("\(ShellOptions.usage)\n\n\(CommandTable.help)")
                return 0
            }
            var options = try ShellOptions(arguments)
            options.showsStates = options.command.isEmpty
            let settled = options
            let shell = ShellState(options: options, console: input.console(over: console)) {
                dial(settled, $0, $1)
            }
            let code =
                options.command.isEmpty
                ? try await Conversation(shell: shell, input: input).run()
                : try await runOnce(options.command, in: shell)
            await shell.close()
            return code
        } catch {
            if !error.message.isEmpty { console.message(error.message) }
            return error.exitCode
        }
    }

    /// Runs one command; the session is begun only for one that needs it.
    private static func runOnce(
        _ words: [String], in shell: ShellState
    ) async throws(CommandFailure) -> Int32 {
        let isLocal = words.first.flatMap(CommandTable.command)?.isLocal ?? true
        shell.remember(words.joined(separator: " "))
        if !isLocal { try await beginSession(of: shell) }
        do throws(CommandFailure) {
            try await CommandTable.run(words, in: shell)
            return 0
        } catch {
            if !error.message.isEmpty { shell.console.message(error.message) }
            await shell.close()
            return error.exitCode
        }
    }

    /// Begins a session and waits for it: no longer than it takes to try every server, or as long
    /// as the timeout when that was asked for.
    static func beginSession(of shell: ShellState) async throws(CommandFailure) {
        try await shell.connect()
        let options = shell.options
        let timeout = Duration.milliseconds(Int64(options.timeout))
        let session = try shell.connected()
        do throws(ZooKeeperError) {
            try await session.waitUntilConnected(
                patience: options.waitsForConnection
                    ? timeout : min(timeout, Self.firstConnectionPatience),
                isPersistent: options.waitsForConnection)
        } catch {
            await shell.close()
            guard error.code == .connectionLoss else { throw CommandFailure(error) }
            throw .unreachable(shell.servers)
        }
    }
}
