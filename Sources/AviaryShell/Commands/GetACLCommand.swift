import AviaryClient
import Records

/// `getAcl`: who may do what with a znode.
struct GetACLCommand: ShellCommand {
    let name = "getAcl"
    let usage = "[-s] path"
    let options: [OptionRule] = [.flag("s")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        let path = try Path(typed: word)
        let session = try shell.connected()
        let response = try await asking { () async throws(ZooKeeperError) in
            try await session.getACL(path)
        }
        for entry in response.acl { shell.console.result(aclText(entry)) }
        if arguments.has("s") { shell.console.result(statText(response.stat)) }
    }
}
