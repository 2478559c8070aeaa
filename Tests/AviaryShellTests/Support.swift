import AviaryClient
import Jute
import Records
import Synchronization

@testable import AviaryShell

/// A tree in memory that answers as a server would, for commands to work on.
final class TreeInMemory: ShellSession {
    struct Znode {
        var data: [UInt8]?
        var acl = ACL.open
        var version: Int32 = 0
        var created: Int32 = 0
        var isEphemeral = false
    }

    struct State {
        var znodes: [Path: Znode] = [.root: Znode(data: [])]
        var state = SessionState.connected
        var credentials = [Identity(scheme: "ip", id: "127.0.0.1")]
        /// What the next request fails with.
        var failure: ErrorCode?
    }

    let state = Mutex(State())

    var current: SessionProgress {
        SessionProgress(
            state: state.withLock { $0.state }, session: SessionID(1), server: nil,
            grantedTimeout: 30_000)
    }

    func waitUntilConnected(
        patience: Duration, isPersistent: Bool
    ) async throws(ZooKeeperError) {
        guard state.withLock({ $0.state.isConnected }) else {
            throw ZooKeeperError(.connectionLoss)
        }
    }

    func reconfigure(
        joining: ByteString?, leaving: ByteString?, members: ByteString?, version: Int64
    ) async throws(ZooKeeperError) -> GetDataResponse {
        let asked = [joining, leaving, members].map { $0?.description ?? "-" }
        return GetDataResponse(
            data: Array((asked + ["\(version)"]).joined(separator: " ").utf8),
            stat: Stat(StatPersisted(), dataLength: 0, numChildren: 0))
    }

    func close() async { state.withLock { $0.state = .closed } }

    func addAuth(scheme: ByteString, auth: [UInt8]) async throws(ZooKeeperError) {
        guard scheme == "digest" else { throw ZooKeeperError(.authFailed) }
        let user = ByteString(Array(auth.prefix { $0 != UInt8(ascii: ":") }))
        state.withLock { $0.credentials.append(Identity(scheme: scheme, id: user)) }
    }

    /// Reads or changes a znode that is there.
    private func at<Value>(
        _ path: Path, _ body: (inout Znode, State) throws(ZooKeeperError) -> Value
    ) throws(ZooKeeperError) -> Value {
        let result = state.withLock { state -> Result<Value, ZooKeeperError> in
            if let failure = state.failure { return .failure(ZooKeeperError(failure, path: path)) }
            guard var znode = state.znodes[path] else {
                return .failure(ZooKeeperError(.noNode, path: path))
            }
            do throws(ZooKeeperError) {
                let value = try body(&znode, state)
                state.znodes[path] = znode
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func children(of path: Path, in state: State) -> [ByteString] {
        // In no order, as servers have them.
        state.znodes.keys.filter { $0 != .root && $0.parent == path }.map(\.name)
    }

    private static func stat(of path: Path, _ znode: Znode, _ state: State) -> Stat {
        let children = Int32(children(of: path, in: state).count)
        return Stat(
            StatPersisted(
                czxid: Zxid(0x10), mzxid: Zxid(0x11), ctime: 0, mtime: 1_000,
                version: znode.version, ephemeralOwner: znode.isEphemeral ? 0x1abc : 0),
            dataLength: Int32(znode.data?.count ?? 0), numChildren: children)
    }

    func exists(_ path: Path, watch: WatchOption) async throws(ZooKeeperError) -> Stat? {
        do throws(ZooKeeperError) {
            return try at(path) { znode, state throws(ZooKeeperError) in
                Self.stat(of: path, znode, state)
            }
        } catch {
            if error.code == .noNode { return nil }
            throw error
        }
    }

    func getData(
        _ path: Path, watch: WatchOption
    ) async throws(ZooKeeperError) -> GetDataResponse {
        try at(path) { znode, state throws(ZooKeeperError) in
            GetDataResponse(data: znode.data, stat: Self.stat(of: path, znode, state))
        }
    }

    func getChildren(
        _ path: Path, watch: WatchOption
    ) async throws(ZooKeeperError) -> GetChildren2Response {
        try at(path) { znode, state throws(ZooKeeperError) in
            GetChildren2Response(
                children: Self.children(of: path, in: state),
                stat: Self.stat(of: path, znode, state))
        }
    }

    func getACL(_ path: Path) async throws(ZooKeeperError) -> GetACLResponse {
        try at(path) { znode, state throws(ZooKeeperError) in
            GetACLResponse(acl: znode.acl, stat: Self.stat(of: path, znode, state))
        }
    }

    func sync(_ path: Path) async throws(ZooKeeperError) {
        if let failure = state.withLock({ $0.failure }) { throw ZooKeeperError(failure) }
    }

    func getEphemerals(_ prefix: Path) async throws(ZooKeeperError) -> [Path] {
        state.withLock { $0.znodes.filter { $0.value.isEphemeral }.keys.sorted() }
    }

    func getAllChildrenNumber(_ path: Path) async throws(ZooKeeperError) -> Int32 {
        try at(path) { _, state throws(ZooKeeperError) in
            Int32(state.znodes.keys.filter { $0.isWithin(path) && $0 != path }.count)
        }
    }

    func whoAmI() async throws(ZooKeeperError) -> [Identity] {
        state.withLock { $0.credentials }
    }

    func getConfig(watch: WatchOption) async throws(ZooKeeperError) -> GetDataResponse {
        try await getData("/zookeeper/config", watch: watch)
    }

    func create(
        _ path: Path, data: [UInt8]?, acl: [ACL], mode: CreateMode
    ) async throws(ZooKeeperError) -> Create2Response {
        var path = path
        let parent = path.parent ?? .root
        guard state.withLock({ $0.znodes[parent] != nil }) else {
            throw ZooKeeperError(.noNode, path: path)
        }
        try at(parent) { znode, _ throws(ZooKeeperError) in
            if znode.isEphemeral { throw ZooKeeperError(.noChildrenForEphemerals, path: path) }
            if mode == .persistentSequential || mode == .ephemeralSequential {
                let digits = String(znode.created)
                let zeros = String(repeating: "0", count: 10 - digits.count)
                path.bytes += Array((zeros + digits).utf8)
            }
            znode.created += 1
        }
        let created = path
        let isEphemeral = mode == .ephemeral || mode == .ephemeralSequential
        let isNew = state.withLock { state -> Bool in
            if state.znodes[created] != nil { return false }
            state.znodes[created] = Znode(data: data, acl: acl, isEphemeral: isEphemeral)
            return true
        }
        guard isNew else { throw ZooKeeperError(.nodeExists, path: created) }
        return try at(created) { znode, state throws(ZooKeeperError) in
            Create2Response(path: created, stat: Self.stat(of: created, znode, state))
        }
    }

    func delete(_ path: Path, version: Int32) async throws(ZooKeeperError) {
        try at(path) { znode, state throws(ZooKeeperError) in
            guard version == -1 || version == znode.version else {
                throw ZooKeeperError(.badVersion, path: path)
            }
            guard Self.children(of: path, in: state).isEmpty else {
                throw ZooKeeperError(.notEmpty, path: path)
            }
        }
        state.withLock { _ = $0.znodes.removeValue(forKey: path) }
    }

    func setData(
        _ path: Path, data: [UInt8]?, version: Int32
    ) async throws(ZooKeeperError) -> Stat {
        try at(path) { znode, state throws(ZooKeeperError) in
            guard version == -1 || version == znode.version else {
                throw ZooKeeperError(.badVersion, path: path)
            }
            znode.data = data
            znode.version += 1
            return Self.stat(of: path, znode, state)
        }
    }

    func setACL(
        _ path: Path, acl: [ACL], version: Int32
    ) async throws(ZooKeeperError) -> Stat {
        try at(path) { znode, state throws(ZooKeeperError) in
            znode.acl = acl
            return Self.stat(of: path, znode, state)
        }
    }
}

/// Keeps what was written: results as they are, everything else after `! `.
final class RecordingConsole: Console {
    private let lines = Mutex<[String]>([])

    func result(_ bytes: [UInt8]) {
        lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    }

    func message(_ text: String) { lines.withLock { $0.append("! \(text)") } }

    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

/// Lines from a list.
final class ListedInput: LineInput {
    private let lines: Mutex<[String]>
    let isTerminal: Bool

    init(_ lines: [String], isTerminal: Bool = false) {
        self.lines = Mutex(lines)
        self.isTerminal = isTerminal
    }

    func nextLine(prompt: String, history: [String], completing: Completer) async -> String? {
        lines.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}

/// A shell over a tree in memory.
struct ShellBench {
    let tree = TreeInMemory()
    let console = RecordingConsole()

    /// Runs lines as from a file, and returns what was written and the exit code.
    func run(_ lines: String..., terminal: Bool = false) async -> (lines: [String], code: Int32) {
        let tree = tree
        let code = await Shell.run(
            arguments: [], console: console,
            input: ListedInput(lines, isTerminal: terminal)
        ) { _, _, _ in
            tree.state.withLock { if $0.state == .closed { $0.state = .connected } }
            return tree
        }
        return (console.take(), code)
    }

    /// Runs one command, as words behind `aviary cli`.
    func once(_ words: String...) async -> (lines: [String], code: Int32) {
        let tree = tree
        let code = await Shell.run(
            arguments: words, console: console, input: ListedInput([])
        ) { _, _, _ in
            tree.state.withLock { if $0.state == .closed { $0.state = .connected } }
            return tree
        }
        return (console.take(), code)
    }
}
