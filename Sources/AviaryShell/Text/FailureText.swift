import AviaryClient
import Records

// What the shell says when a request fails: the words that zkCli uses and scripts look for.

extension CommandFailure {
    /// A failed request's text.
    init(_ error: ZooKeeperError) {
        let path = error.path.map(\.description) ?? "null"
        let text: String
        switch error.code {
        case .noNode: text = "Node does not exist: \(path)"
        case .nodeExists: text = "Node already exists: \(path)"
        case .notEmpty: text = "Node not empty: \(path)"
        case .noChildrenForEphemerals: text = "Ephemerals cannot have children: \(path)"
        case .notReadOnly: text = "Not a read-only call: \(path)"
        case .invalidACL: text = "Acl is not valid : \(path)"
        case .noAuth: text = "Insufficient permission : \(path)"
        case .badArguments: text = "Arguments are not valid : \(path)"
        case .badVersion: text = "version No is not valid : \(path)"
        case .quotaExceeded: text = "Quota has exceeded : \(path)"
        default: text = Self.code(error)
        }
        self.init(text)
    }

    /// `KeeperErrorCode = NoNode for /a`: the form of every client's logs.
    static func code(_ error: ZooKeeperError) -> String {
        let text = "KeeperErrorCode = \(error.code.text)"
        return error.path.map { "\(text) for \($0)" } ?? text
    }

    /// What the shell says that finds no server, and what to do about it.
    static func unreachable(_ servers: String) -> CommandFailure {
        CommandFailure(
            """
            KeeperErrorCode = ConnectionLoss
            No server could be reached at \(servers). Is one running there, and does its ensemble \
            have a quorum?
            Next: aviary status, or name another server with -server HOST:PORT.
            """, exitCode: 69)
    }
}

/// Runs a request; its failure becomes the command's.
func asking<Value>(
    _ request: () async throws(ZooKeeperError) -> Value
) async throws(CommandFailure) -> Value {
    do throws(ZooKeeperError) {
        return try await request()
    } catch {
        throw CommandFailure(error)
    }
}
