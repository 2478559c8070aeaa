import AviaryClient

/// Lines of input, or their end.
protocol LineInput: Sendable {
    /// Whether a person types them.
    var isTerminal: Bool { get }
    /// Shows the prompt, if a person types, and waits for a line; nil at the end of the input.
    func nextLine(prompt: String, history: [String], completing: Completer) async -> String?
    /// The console to use beside this input: one that does not write into a line being typed.
    func console(over console: any Console) -> any Console
}

extension LineInput {
    func console(over console: any Console) -> any Console { console }
}

/// The shell line by line: by a person with a prompt, or from a file without one.
struct Conversation {
    let shell: ShellState
    let input: any LineInput

    /// Runs lines until their end or `quit`.
    ///
    /// The code is the last command's for a person, and for a file that of the last command that
    /// failed: nobody was there to see it.
    func run() async throws(CommandFailure) -> Int32 {
        if input.isTerminal {
            shell.console.message("Connecting to \(shell.servers)")
            try await shell.connect()
            shell.console.message("Welcome to ZooKeeper!")
            try await greet()
        } else {
            try await Shell.beginSession(of: shell)
        }
        var failed: Int32 = 0
        while !shell.isDone {
            let completer = Completer(session: shell.session)
            guard
                let line = await input.nextLine(
                    prompt: prompt, history: shell.history, completing: completer)
            else { break }
            let words = commandLineWords(line)
            guard !words.isEmpty else { continue }
            let code = await run(line, words)
            if words.first != "quit" { shell.lastExitCode = code }
            if code != 0 { failed = code }
        }
        return input.isTerminal ? shell.lastExitCode : failed
    }

    /// Waits a moment, so that the first prompt shows a connection where there is one to be had.
    private func greet() async throws(CommandFailure) {
        let session = try shell.connected()
        do throws(ZooKeeperError) {
            try await session.waitUntilConnected(patience: .seconds(1), isPersistent: false)
        } catch {
            shell.console.message("No server is reached yet; trying on.")
        }
    }

    private var prompt: String {
        "[zk: \(shell.servers)(\(shell.sessionState.promptName)) \(shell.lineNumber)] "
    }

    private func run(_ line: String, _ words: [String]) async -> Int32 {
        shell.remember(line)
        do throws(CommandFailure) {
            try await CommandTable.run(words, in: shell)
            return 0
        } catch {
            if !error.message.isEmpty { shell.console.message(error.message) }
            return error.exitCode
        }
    }
}
