import AviaryClient
import Records

/// `set`: new data for a znode.
struct SetCommand: ShellCommand {
    let name = "set"
    let usage = "path data [-s] [-v version] [-b]"
    let options: [OptionRule] = [
        .flag("b", "Supply data in base64 format"),
        .flag("s", "Print znode stats additionally"),
        .value("v", "Set with an expected version"),
    ]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard arguments.words.count >= 2 else { throw misuse }
        let path = try Path(typed: arguments.words[0])
        let version = try arguments.version()
        var data = Array(arguments.words[1].utf8)
        if arguments.has("b") {
            guard let decoded = bytes(ofBase64: arguments.words[1]) else {
                throw CommandFailure("\(arguments.words[1]) is not base64")
            }
            data = decoded
        }
        let sent = data
        let session = try shell.connected()
        let stat = try await asking { () async throws(ZooKeeperError) in
            try await session.setData(path, data: sent, version: version)
        }
        if arguments.has("s") { shell.console.result(statText(stat)) }
    }
}
