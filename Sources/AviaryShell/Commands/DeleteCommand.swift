import AviaryClient
import Records

/// `delete`: removes a znode that has no children.
struct DeleteCommand: ShellCommand {
    let name = "delete"
    let usage = "[-v version] path"
    let options: [OptionRule] = [.value("v")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        if arguments.words.count > 1 {
            shell.console.message(
                "'delete path [version]' has been deprecated. "
                    + "Please use 'delete [-v version] path' instead.")
        }
        let path = try Path(typed: word)
        let version = try arguments.version()
        let session = try shell.connected()
        try await asking { () async throws(ZooKeeperError) in
            try await session.delete(path, version: version)
        }
    }
}
