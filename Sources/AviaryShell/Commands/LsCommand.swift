import AviaryClient
import Jute
import Records

/// `ls`: the children of a znode, or all that is below it.
struct LsCommand: ShellCommand {
    let name = "ls"
    let usage = "[-s] [-w] [-R] path"
    let options: [OptionRule] = [.flag("s"), .flag("w"), .flag("R")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        if arguments.words.count > 1 {
            shell.console.message(
                "'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.")
        }
        let path = try Path(typed: word)
        let isWatched = arguments.has("w") || arguments.words.count > 1
        let watch: WatchOption = isWatched ? .session : .none
        let session = try shell.connected()
        if arguments.has("R") {
            if isWatched {
                // As zkCli does: the top is watched for its own end, too.
                _ = try await asking { () async throws(ZooKeeperError) in
                    try await session.exists(path, watch: watch)
                }
            }
            return try await list(below: path, watch: watch, session, shell.console)
        }
        let response = try await asking { () async throws(ZooKeeperError) in
            try await session.getChildren(path, watch: watch)
        }
        let names = response.children.sorted().map(\.description)
        shell.console.result("[\(names.joined(separator: ", "))]")
        if arguments.has("s") { shell.console.result(statText(response.stat)) }
    }

    /// A znode's children first, then what is below each: the order of zkCli.
    ///
    /// The stack is our own, for a tree may be deeper than a thread's.
    private func list(
        below root: Path, watch: WatchOption, _ session: any ShellSession, _ console: any Console
    ) async throws(CommandFailure) {
        var pending = [root]
        while let path = pending.popLast() {
            let response: GetChildren2Response
            do throws(ZooKeeperError) {
                response = try await session.getChildren(path, watch: watch)
            } catch {
                // Gone since its name was read: not there, so nothing below it either.
                if error.code == .noNode, path != root { continue }
                throw CommandFailure(error)
            }
            if path == root { console.result(root.bytes) }
            let children = response.children.sorted().map { path.appending($0) }
            for child in children { console.result(child.bytes) }
            pending += children.reversed()
        }
    }
}
