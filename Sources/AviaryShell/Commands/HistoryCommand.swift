/// `history`: the last lines, with the numbers that `redo` takes.
struct HistoryCommand: ShellCommand {
    let name = "history"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        let shown = shell.history.suffix(ShellState.historyShown + 1)
        for place in shown.indices {
            shell.console.result("\(shell.historyStart + place) - \(shell.history[place])")
        }
    }
}
