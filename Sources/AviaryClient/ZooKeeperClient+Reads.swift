import Jute
public import Records

// The requests that only read. Each `watch` is left once, and fires once: with a watcher it tells
// that alone, without one it tells those who listen to the session.

/// Whether a read leaves a watch, and whom it tells.
public enum WatchOption: Sendable {
    /// No watch.
    case none
    /// A watch that tells those who listen to the session.
    case session
    /// A watch that tells this watcher.
    case watcher(Watcher)

    /// The watch of a path, as the server knows it.
    func intent(
        _ kind: WatchIntent.Kind, _ path: Path
    ) -> (WatchIntent.Kind, Path, Watcher?)? {
        switch self {
        case .none: nil
        case .session: (kind, path, nil)
        case .watcher(let watcher): (kind, path, watcher)
        }
    }

    var isSet: Bool {
        if case .none = self { return false }
        return true
    }
}

extension ZooKeeperClient {
    /// The stat of a znode, nil where there is none; the watch waits for one to come, too.
    public func exists(
        _ path: Path, watch: WatchOption = .none
    ) async throws(ZooKeeperError) -> Stat? {
        do throws(ZooKeeperError) {
            let body = try await watchable(.exists, path, watch, .existence)
            return try decode(body, path: path) { reader throws(JuteError) in
                try Stat(from: &reader)
            }
        } catch {
            if error.code == .noNode { return nil }
            throw error
        }
    }

    /// The data of a znode: nil data and empty data are different.
    public func getData(
        _ path: Path, watch: WatchOption = .none
    ) async throws(ZooKeeperError) -> GetDataResponse {
        let body = try await watchable(.getData, path, watch, .data)
        return try decode(body, path: path) { reader throws(JuteError) in
            try GetDataResponse(from: &reader)
        }
    }

    /// The names of a znode's children, in no order.
    public func getChildren(
        _ path: Path, watch: WatchOption = .none
    ) async throws(ZooKeeperError) -> GetChildren2Response {
        let body = try await watchable(.getChildren2, path, watch, .children)
        return try decode(body, path: path) { reader throws(JuteError) in
            try GetChildren2Response(from: &reader)
        }
    }

    private func watchable(
        _ type: OpCode, _ path: Path, _ watch: WatchOption, _ kind: WatchIntent.Kind
    ) async throws(ZooKeeperError) -> [UInt8] {
        let request = WatchableRequest(path: absolute(path), watch: watch.isSet)
        let intent = watch.intent(kind, absolute(path))
        return try await call(type, path: path, watch: intent) { request.write(to: &$0) }
    }

    /// The access control list of a znode.
    public func getACL(_ path: Path) async throws(ZooKeeperError) -> GetACLResponse {
        let body = try await pathRequest(.getACL, path)
        return try decode(body, path: path) { reader throws(JuteError) in
            try GetACLResponse(from: &reader)
        }
    }

    /// Waits until the server has caught up with every write that was acknowledged before.
    public func sync(_ path: Path) async throws(ZooKeeperError) {
        _ = try await pathRequest(.sync, path)
    }

    /// The ephemeral znodes of this session whose path starts with `prefix`.
    public func getEphemerals(_ prefix: Path) async throws(ZooKeeperError) -> [Path] {
        let body = try await pathRequest(.getEphemerals, prefix)
        let paths = try decode(body, path: prefix) { reader throws(JuteError) in
            try reader.readPaths() ?? []
        }
        return paths.map { relative($0) }
    }

    /// How many znodes are below a znode.
    public func getAllChildrenNumber(_ path: Path) async throws(ZooKeeperError) -> Int32 {
        let body = try await pathRequest(.getAllChildrenNumber, path)
        return try decode(body, path: path) { reader throws(JuteError) in
            try reader.readInt32()
        }
    }

    /// The credentials of this connection, as the server sees them.
    public func whoAmI() async throws(ZooKeeperError) -> [Identity] {
        let body = try await call(.whoAmI, path: nil) { _ in }
        return try decode(body, path: nil) { reader throws(JuteError) in
            try WhoAmIResponse(from: &reader).credentials
        }
    }

    /// The ensemble's committed config: always below the true root.
    public func getConfig(
        watch: WatchOption = .none
    ) async throws(ZooKeeperError) -> GetDataResponse {
        let path: Path = "/zookeeper/config"
        let request = WatchableRequest(path: path, watch: watch.isSet)
        let intent = watch.intent(.data, path)
        let body = try await call(.getData, path: path, watch: intent) { request.write(to: &$0) }
        return try decode(body, path: path) { reader throws(JuteError) in
            try GetDataResponse(from: &reader)
        }
    }

    private func pathRequest(_ type: OpCode, _ path: Path) async throws(ZooKeeperError) -> [UInt8] {
        let bytes = absolute(path).bytes
        return try await call(type, path: path) { $0.writeBuffer(bytes) }
    }
}
