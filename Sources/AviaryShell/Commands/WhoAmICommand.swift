import AviaryClient
import Records

/// `whoami`: the credentials of this connection, as the server sees them.
struct WhoAmICommand: ShellCommand {
    let name = "whoami"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        let session = try shell.connected()
        let credentials = try await asking { () async throws(ZooKeeperError) in
            try await session.whoAmI()
        }
        shell.console.result("Auth scheme: User")
        for credential in credentials {
            shell.console.result("\(credential.scheme): \(credential.id)")
        }
    }
}
