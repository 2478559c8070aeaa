import AviaryClient
import Records

/// `getAllChildrenNumber`: how many znodes are below one.
struct GetAllChildrenNumberCommand: ShellCommand {
    let name = "getAllChildrenNumber"
    let usage = "path"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        let path = try Path(typed: word)
        let session = try shell.connected()
        let count = try await asking { () async throws(ZooKeeperError) in
            try await session.getAllChildrenNumber(path)
        }
        shell.console.result("\(count)")
    }
}
