public import Records

// Where a client connects: `host:port,host:port/chroot`, as every ZooKeeper client writes it.

/// A server's client port, by name: the name is looked up anew at every dial.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or the text of an IP address.
    public var host: String
    /// The client port.
    public var port: Int

    /// The client port of `host`.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, an IPv6 address in brackets.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The servers to try, and the znode that the client sees as its root.
public struct ConnectString: Equatable, Sendable {
    /// The client port where none is written.
    public static let defaultPort = 2181

    /// At least one.
    public var servers: [ServerAddress]
    /// What all paths are relative to.
    public var chroot: Chroot

    /// Servers and a root.
    public init(servers: [ServerAddress], chroot: Chroot = .none) {
        self.servers = servers
        self.chroot = chroot
    }

    /// Reads `host[:port][,host[:port]…][/chroot]`.
    public init(_ text: String) throws(ZooKeeperError) {
        var list = Substring(text)
        var chroot = Chroot.none
        if let cut = text.firstIndex(of: "/") {
            list = text[..<cut]
            let path = Path(text[cut...])
            guard path.isValid else {
                throw ZooKeeperError(
                    .badArguments, "\(text[cut...]) in the connect string is not a valid path")
            }
            chroot = path == .root ? .none : Chroot(path)
        }
        var servers: [ServerAddress] = []
        for part in list.split(separator: ",") {
            servers.append(try Self.address(part))
        }
        guard !servers.isEmpty else {
            throw ZooKeeperError(
                .badArguments,
                "the connect string \"\(text)\" names no server; write host:port,host:port/chroot")
        }
        self.servers = servers
        self.chroot = chroot
    }

    private static func address(_ part: Substring) throws(ZooKeeperError) -> ServerAddress {
        let text = String(part.filter { $0 != " " })
        var host = Substring(text)
        var portText: Substring?
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            if rest.hasPrefix(":") { portText = rest.dropFirst() }
        } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        let port = portText.map { Int($0) } ?? defaultPort
        guard let port, (1...65535).contains(port), !host.isEmpty else {
            throw ZooKeeperError(.badArguments, "\"\(text)\" is not host:port")
        }
        return ServerAddress(host: String(host), port: port)
    }
}

/// The znode a client takes for its root: added to paths that go out, taken off those that come in.
public struct Chroot: Equatable, Sendable {
    /// No other root.
    public static let none = Chroot(.root)

    private let prefix: [UInt8]

    /// The root `path`.
    public init(_ path: Path) { self.prefix = path == .root ? [] : path.bytes }

    /// The path as the server knows it.
    public func absolute(_ path: Path) -> Path {
        if prefix.isEmpty { return path }
        return path == .root ? Path(prefix) : Path(prefix + path.bytes)
    }

    /// The path as the client knows it.
    public func relative(_ path: Path) -> Path {
        if prefix.isEmpty { return path }
        guard path.isWithin(Path(prefix)) else { return path }
        return path.bytes.count == prefix.count ? .root : Path(Array(path.bytes[prefix.count...]))
    }
}
