import AviaryClient
import Jute
import Records

/// `deleteall`: removes a znode and all that is below it.
struct DeleteAllCommand: ShellCommand {
    /// Deletes in flight at once, where none is said.
    static let batchDefault = 1_000
    /// And at most, whatever is said.
    static let batchMax = 5_000

    let name = "deleteall"
    let usage = "path [-b batch size]"
    let options: [OptionRule] = [.value("b")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        let path = try Path(typed: word)
        var batch = Self.batchDefault
        if let text = arguments.value("b") {
            guard let size = Int(text), size > 0 else {
                throw CommandFailure("-b takes a number of znodes, which \(text) is not")
            }
            batch = min(size, Self.batchMax)
        }
        let session = try shell.connected()
        // A znode goes after all below it, so the deepest go first.
        for level in try await levels(of: path, session).reversed() {
            var rest = level[...]
            while !rest.isEmpty {
                try await delete(Array(rest.prefix(batch)), session)
                rest = rest.dropFirst(batch)
            }
        }
    }

    /// The paths from `root` downwards, those of one depth together.
    private func levels(
        of root: Path, _ session: any ShellSession
    ) async throws(CommandFailure) -> [[Path]] {
        var levels: [[Path]] = []
        var level = [root]
        while !level.isEmpty {
            levels.append(level)
            var next: [Path] = []
            for path in level {
                do throws(ZooKeeperError) {
                    let response = try await session.getChildren(path, watch: .none)
                    next += response.children.sorted().map { path.appending($0) }
                } catch {
                    // Gone already, like an ephemeral whose session has ended.
                    if error.code == .noNode, path != root { continue }
                    throw CommandFailure(error)
                }
            }
            level = next
        }
        return levels
    }

    private func delete(
        _ paths: [Path], _ session: any ShellSession
    ) async throws(CommandFailure) {
        let failures = await withTaskGroup(of: ErrorCode.self) { group in
            for path in paths {
                group.addTask {
                    do throws(ZooKeeperError) {
                        try await session.delete(path, version: -1)
                        return .ok
                    } catch {
                        return error.code == .noNode ? .ok : error.code
                    }
                }
            }
            var failures = 0
            for await code in group where code != .ok { failures += 1 }
            return failures
        }
        guard failures == 0 else {
            throw CommandFailure("Failed to delete some node(s) in the subtree!")
        }
    }
}
