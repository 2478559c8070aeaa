import AviaryClient
import Records

/// `getEphemerals`: the ephemeral znodes of this session.
struct GetEphemeralsCommand: ShellCommand {
    let name = "getEphemerals"
    let usage = "path"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        let path = try Path(typed: arguments.words.first ?? "/")
        let session = try shell.connected()
        let paths = try await asking { () async throws(ZooKeeperError) in
            try await session.getEphemerals(path)
        }
        shell.console.result("[\(paths.map(\.description).joined(separator: ", "))]")
    }
}
