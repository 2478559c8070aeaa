import AviaryClient
import Records

/// `get`: the data of a znode.
struct GetCommand: ShellCommand {
    let name = "get"
    let usage = "[-s] [-w] [-b] [-x] path"
    let options: [OptionRule] = [
        .flag("b", "Output data in base64 format"),
        .flag("s", "Print znode stats additionally"),
        .flag("w", "Watch for changes on the znode"),
        .flag("x", "Output data in hexdump format"),
    ]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        if arguments.words.count > 1 {
            shell.console.message(
                "'get path [watch]' has been deprecated. Please use 'get [-s] [-w] path' instead.")
        }
        let path = try Path(typed: word)
        let isWatched = arguments.has("w") || arguments.words.count > 1
        let session = try shell.connected()
        let response = try await asking { () async throws(ZooKeeperError) in
            try await session.getData(path, watch: isWatched ? .session : .none)
        }
        if let data = response.data {
            if arguments.has("b") {
                shell.console.result(base64Text(data))
            } else if arguments.has("x") {
                shell.console.result(hexText(data))
            } else {
                // As they are: what is not text is not ours to mend.
                shell.console.result(data)
            }
        } else {
            shell.console.result("null")
        }
        if arguments.has("s") { shell.console.result(statText(response.stat)) }
    }
}
