/// `version`: of the protocol that is spoken, and of the program that speaks it.
struct VersionCommand: ShellCommand {
    let name = "version"
    let isLocal = true

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        shell.console.result("ZooKeeper CLI version: 3.9.5-aviary-0.1")
    }
}
