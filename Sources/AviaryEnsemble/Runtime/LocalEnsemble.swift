public import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An ensemble whose servers are processes of this machine.
public struct LocalEnsemble {
    /// The folder.
    public let folder: EnsembleFolder
    /// The spec.
    public private(set) var spec: EnsembleSpec
    private let binary: String

    /// The ensemble of `spec`, or the one that is there already: its ports and data go on.
    public init(
        _ spec: EnsembleSpec, in folder: EnsembleFolder, binary: String
    ) throws(StorageError) {
        self.folder = folder
        self.binary = binary
        self.spec = spec
        guard let known = try folder.load() else { return }
        for (place, server) in spec.servers.enumerated() where !server.arePortsChosen {
            guard let old = known.servers.first(where: { $0.id == server.id }) else { continue }
            self.spec.servers[place].ports = old.ports
        }
    }

    /// The servers.
    public var servers: [ServerFolder] {
        let digest = folder.operatorCredential?.digest
        return spec.servers.map {
            ServerFolder($0, of: spec, in: folder.path, operatorDigest: digest)
        }
    }

    /// What the servers say of themselves now.
    public func status() -> EnsembleStatus {
        EnsembleStatus(
            name: folder.name,
            servers: servers.map { ServerStatus.ask($0, pid: ServerProcess($0).pid) })
    }

    /// Starts every server that does not run, with ports nobody can take from it.
    ///
    /// Ports that the spec does not choose may move, once: they are kept from then on.
    public mutating func start() throws(EnsembleError) {
        var sockets: [Int: [(name: String, socket: PortReservation)]] = [:]
        defer {
            for each in sockets.values.joined() { each.socket.close() }
        }
        let isNew = ((try? folder.load()) ?? nil) == nil
        for place in spec.servers.indices {
            let server = spec.servers[place]
            let own = ServerFolder(server, of: spec, in: folder.path)
            guard ServerProcess(own).pid == nil else { continue }
            sockets[server.id] = try reserve(place, mayMove: isNew && !server.arePortsChosen)
        }
        do throws(StorageError) {
            try folder.save(spec)
            // Servers that run know no credential: a new one is for a start of all of them.
            if sockets.count == spec.servers.count { try folder.makeOperatorCredential() }
            for server in servers where sockets[server.server.id] != nil {
                try server.write(in: POSIXFileSystem())
            }
        } catch {
            throw EnsembleError(String(describing: error))
        }
        for server in servers {
            guard let own = sockets[server.server.id] else { continue }
            guard ServerProcess(server).start(binary, own) != nil else {
                throw EnsembleError(
                    "server \(server.server.id) could not be started from \(binary); see "
                        + server.logPath)
            }
        }
    }

    private mutating func reserve(
        _ place: Int, mayMove: Bool
    ) throws(EnsembleError) -> [(name: String, socket: PortReservation)] {
        let server = spec.servers[place]
        let isLocal = ["localhost", "127.0.0.1"].contains(server.host)
        var reserved: [(name: String, socket: PortReservation)] = []
        let wanted: [(String, WritableKeyPath<Ports, Int>)] = [
            ("client", \.client), ("election", \.election), ("quorum", \.quorum),
        ]
        for (name, key) in wanted {
            let port = server.ports[keyPath: key]
            let isLoopback = isLocal && name != "client"
            guard
                let socket = PortReservation.take(port, isLoopback: isLoopback, orAny: mayMove)
            else {
                for each in reserved { each.socket.close() }
                throw EnsembleError(
                    "port \(port), the \(name) port of server \(server.id), is taken by another "
                        + "program. Stop that program, or choose another port in the spec "
                        + "(servers: ports: \(name))")
            }
            spec.servers[place].ports[keyPath: key] = socket.port
            reserved.append((name, socket))
        }
        return reserved
    }

    /// Starts one server again.
    public mutating func start(_ id: Int) throws(EnsembleError) {
        guard let place = spec.servers.firstIndex(where: { $0.id == id }) else {
            throw EnsembleError("there is no server \(id); 'aviary status' lists them")
        }
        let server = servers[place]
        guard ServerProcess(server).pid == nil else { return }
        let sockets = try reserve(place, mayMove: false)
        defer { for each in sockets { each.socket.close() } }
        guard ServerProcess(server).start(binary, sockets) != nil else {
            throw EnsembleError("server \(id) could not be started; see \(server.logPath)")
        }
    }

    /// Waits until the condition holds; false after `seconds`.
    public func wait(seconds: Double, until isMet: (EnsembleStatus) -> Bool) -> Bool {
        let end = LocalEnsemble.seconds() + seconds
        while LocalEnsemble.seconds() < end {
            if isMet(status()) { return true }
            LocalEnsemble.sleep(milliseconds: 10)
        }
        return false
    }

    /// Stops servers cleanly; those that have not ended after ten seconds are killed.
    public func stop(_ ids: [Int]? = nil) {
        let wanted = servers.filter { ids?.contains($0.server.id) ?? true }.map(ServerProcess.init)
        for process in wanted {
            process.signal(SIGCONT)
            process.signal(SIGTERM)
        }
        let end = LocalEnsemble.seconds() + 10
        while wanted.contains(where: { $0.pid != nil }), LocalEnsemble.seconds() < end {
            LocalEnsemble.reap()
            LocalEnsemble.sleep(milliseconds: 10)
        }
        for process in wanted { process.signal(SIGKILL) }
        LocalEnsemble.reap()
    }

    /// Takes note of children that have ended.
    public static func reap() {
        var status: CInt = 0
        while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
    }

    /// Monotonic.
    public static func seconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Does nothing for so many milliseconds.
    public static func sleep(milliseconds: Int) {
        usleep(UInt32(milliseconds) * 1000)
    }
}

/// Why an ensemble could not be started or changed: what happened, and what to do.
public struct EnsembleError: Error, CustomStringConvertible, Sendable {
    /// The text for people.
    public let description: String

    init(_ description: String) { self.description = description }
}
