/// `printwatches`: whether events are shown.
struct PrintWatchesCommand: ShellCommand {
    let name = "printwatches"
    let usage = "on|off"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else {
            let state = shell.printsWatches ? "on" : "off"
            return shell.console.result("printwatches is \(state)")
        }
        shell.printsWatches = word == "on"
    }
}
