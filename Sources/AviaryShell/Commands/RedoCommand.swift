/// `redo`: an earlier line once more.
struct RedoCommand: ShellCommand {
    let name = "redo"
    let usage = "cmdno"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        guard let number = Int(word) else {
            throw CommandFailure("\(word) is not the number of a command; history shows them")
        }
        // The last line is this one: running it again would have no end.
        guard number >= shell.historyStart, number < shell.lineNumber - 1 else {
            throw CommandFailure("Command index out of range")
        }
        let line = shell.history[number - shell.historyStart]
        let words = commandLineWords(line)
        guard words.first != name else {
            throw CommandFailure("\(number) is itself a redo: \(line)")
        }
        try await CommandTable.run(words, in: shell)
    }
}
