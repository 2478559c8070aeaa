import AviaryClient
import Jute

/// `addauth`: a credential for this session.
struct AddAuthCommand: ShellCommand {
    let name = "addauth"
    let usage = "scheme auth"

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard arguments.words.count >= 2 else { throw misuse }
        let scheme = ByteString(arguments.words[0])
        let auth = Array(arguments.words[1].utf8)
        let session = try shell.connected()
        try await asking { () async throws(ZooKeeperError) in
            try await session.addAuth(scheme: scheme, auth: auth)
        }
    }
}
