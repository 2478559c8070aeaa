import AviaryClient
import Records

/// `sync`: the server catches up with all that was acknowledged before.
struct SyncCommand: ShellCommand {
    let name = "sync"
    let usage = "path"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        let path = try Path(typed: word)
        let session = try shell.connected()
        do throws(ZooKeeperError) {
            try await session.sync(path)
        } catch {
            throw CommandFailure("Sync has failed. rc=\(error.code.rawValue)")
        }
        shell.console.result("Sync is OK")
    }
}
