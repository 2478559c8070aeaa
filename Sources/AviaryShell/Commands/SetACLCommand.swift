import AviaryClient
import Jute
import Records

/// `setAcl`: who shall be able to do what with a znode, or with all below it, too.
struct SetACLCommand: ShellCommand {
    let name = "setAcl"
    let usage = "[-s] [-v version] [-R] path acl"
    let options: [OptionRule] = [.flag("s"), .value("v"), .flag("R")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard arguments.words.count >= 2 else { throw misuse }
        let path = try Path(typed: arguments.words[0])
        let version = try arguments.version()
        let typed = TypedACL(arguments.words[1])
        typed.complaints.forEach(shell.console.message)
        guard !typed.entries.isEmpty else {
            throw CommandFailure(ZooKeeperError(.invalidACL))
        }
        let session = try shell.connected()
        if arguments.has("R") {
            return try await setBelow(path, typed.entries, version, session)
        }
        let stat = try await asking { () async throws(ZooKeeperError) in
            try await session.setACL(path, acl: typed.entries, version: version)
        }
        if arguments.has("s") { shell.console.result(statText(stat)) }
    }

    /// The names are read before the list is set: it may take the right to read them from us.
    private func setBelow(
        _ root: Path, _ acl: [ACL], _ version: Int32, _ session: any ShellSession
    ) async throws(CommandFailure) {
        var pending = [root]
        while let path = pending.popLast() {
            do throws(ZooKeeperError) {
                let children = try await session.getChildren(path, watch: .none).children
                try await session.setACL(path, acl: acl, version: version)
                pending += children.sorted().reversed().map { path.appending($0) }
            } catch {
                if error.code == .noNode, path != root { continue }
                throw CommandFailure(error)
            }
        }
    }
}
