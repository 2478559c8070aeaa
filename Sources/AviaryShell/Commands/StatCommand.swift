import AviaryClient
import Records

/// `stat`: what is known of a znode besides its data.
struct StatCommand: ShellCommand {
    let name = "stat"
    let usage = "[-w] path"
    let options: [OptionRule] = [.flag("w")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        if arguments.words.count > 1 {
            shell.console.message(
                "'stat path [watch]' has been deprecated. Please use 'stat [-w] path' instead.")
        }
        let path = try Path(typed: word)
        let isWatched = arguments.has("w") || arguments.words.count > 1
        let session = try shell.connected()
        let stat = try await asking { () async throws(ZooKeeperError) in
            try await session.exists(path, watch: isWatched ? .session : .none)
        }
        guard let stat else { throw CommandFailure(ZooKeeperError(.noNode, path: path)) }
        shell.console.result(statText(stat))
    }
}
