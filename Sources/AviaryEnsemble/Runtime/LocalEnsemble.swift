internal import Storage

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
    public internal(set) var spec: EnsembleSpec
    let binary: String
    /// What became of the edits in the spec, where the ensemble was there already.
    public private(set) var resumption: Resumption?

    /// The ensemble of `spec`, or the one that is there already: its ports and data go on.
    ///
    /// Membership is not changed here: a spec with other servers than the ensemble has is refused.
    public init(_ spec: EnsembleSpec, in folder: EnsembleFolder, binary: String) throws {
        self.folder = folder
        self.binary = binary
        self.spec = spec
        guard let known = try folder.load() else { return }
        guard spec.runtime == known.runtime else {
            throw EnsembleError(
                "ensemble \(folder.name) has runtime \(known.runtime), and the spec has "
                    + "\(spec.runtime): servers do not move from one to another. Give the spec "
                    + "another name ('ensemble: NAME', or --ensemble NAME)")
        }
        let named = spec.naming(known)
        guard named.servers.map(\.id) == known.servers.map(\.id) else {
            throw EnsembleError(
                "ensemble \(folder.name) has the servers \(known.servers.idText), and the spec has "
                    + "\(spec.servers.idText). 'aviary up --ensemble \(folder.name)' starts those "
                    + "there are, and then 'aviary apply SPEC' changes them. Or give the spec "
                    + "another name ('ensemble: NAME', or --ensemble NAME)")
        }
        let resumption = try Resumption(named, known) {
            LocalEnsemble.find(known.reached(like: named), in: folder)
        }
        self.spec = resumption.spec
        self.resumption = resumption
    }

    private static func find(_ known: EnsembleSpec, in folder: EnsembleFolder) -> Resumption.Found {
        let servers = ServerFolder.all(of: known, in: folder.path)
        RemoteSite.connect(servers)
        return Resumption.Found(
            isAnyRunning: servers.contains { ServerProcess($0).pid != nil },
            hasMembers: folder.hasBegun
                || servers.contains {
                    ((try? $0.membersOfServer(in: $0.fileSystem)) ?? nil) != nil
                },
            hasData: { directory in
                servers.contains {
                    (try? $0.fileSystem.exists(directory + "/version-2")) ?? false
                }
            },
            hasFiles: { edited in
                ServerFolder.all(of: edited, in: folder.path).allSatisfy {
                    (try? $0.fileSystem.exists($0.configurationPath)) ?? false
                }
            })
    }

    /// The servers.
    public var servers: [ServerFolder] {
        let given = folder.given(of: spec)
        return spec.servers.map {
            ServerFolder($0, of: spec, in: folder.path, given: given)
        }
    }

    /// Whether somebody changes the members or restarts them one by one; he looks after them.
    public var isChanging: Bool { ChangeLock.isHeld(folder) }

    /// Takes over what a change has kept; whether there is anything new.
    public mutating func refresh() -> Bool {
        guard let known = (try? folder.load()) ?? nil, known != spec else { return false }
        spec = known
        return true
    }

    /// What the servers say of themselves now.
    public func status() -> EnsembleStatus {
        RemoteSite.connect(servers)
        let now = LocalEnsemble.seconds()
        return EnsembleStatus(name: folder.name, servers: ServerStatus.ask(servers), time: now)
    }

    /// Starts every server that does not run, with ports nobody can take from it.
    ///
    /// Ports that the spec does not choose may move, once: they are kept from then on.
    ///
    /// - Returns: the ids of those that did not run before.
    @discardableResult
    public mutating func start() throws -> [Int] {
        var sockets: [Int: [(name: String, socket: PortReservation)]] = [:]
        defer {
            for each in sockets.values.joined() { each.socket.close() }
        }
        RemoteSite.connect(servers)
        try require()
        let isNew = try folder.load() == nil
        try settleFormerServers()
        for place in spec.servers.indices {
            let server = spec.servers[place]
            let own = ServerFolder(server, of: spec, in: folder.path)
            guard ServerProcess(own).pid == nil else { continue }
            sockets[server.id] = try reserve(place, mayMove: isNew && !server.arePortsChosen)
        }
        try folder.save(spec)
        // Servers that run know no credential: a new one is for a start of all of them.
        if sockets.count == spec.servers.count {
            try folder.makeOperatorCredential()
            try folder.makeIdentity()
        }
        // A host that cannot be reached may have a history; but not where none was ever started.
        let isNewHistory = isNew ? true : (try? !hasBegun()) ?? false
        if !isNewHistory { try folder.markBegun() }
        // A host that cannot be reached keeps no other from starting its servers.
        var failures: [String] = []
        var written: [ServerFolder] = []
        for server in servers where sockets[server.server.id] != nil {
            do {
                if isNewHistory { try server.permitBeginning(in: server.fileSystem) }
                try server.write(in: server.fileSystem)
                written.append(server)
            } catch {
                guard server.site is RemoteSite else { throw error }
                failures.append("server \(server.server.id): \(error.path) \(error.message)")
            }
        }
        var started: [Int] = []
        for server in written {
            do {
                try launch(server, sockets[server.server.id] ?? [])
                started.append(server.server.id)
            } catch {
                guard server.site is RemoteSite else { throw error }
                failures.append(String(describing: error))
            }
        }
        guard failures.isEmpty else {
            throw EnsembleError(
                (["not all servers of \(folder.name) were started:"] + failures)
                    .joined(separator: "\n  "))
        }
        return started
    }

    /// Whether it ever had a leader: the first one gives the configuration its version, and every
    /// server's zoo.cfg says so, also where the data are elsewhere and gone.
    private func hasBegun() throws(StorageError) -> Bool {
        if folder.hasBegun { return true }
        for server in servers where try server.membersOfServer(in: server.fileSystem) != nil {
            return true
        }
        return false
    }

    /// What all servers are started from, before any is.
    func require() throws(EnsembleError) {
        var known: Set<String> = []
        for server in servers {
            let source = server.server.binary ?? spec.image ?? binary
            if known.insert(source).inserted { try server.site.require(source) }
        }
    }

    mutating func reserve(
        _ place: Int, mayMove: Bool
    ) throws(EnsembleError) -> [(name: String, socket: PortReservation)] {
        let server = spec.servers[place]
        let use = Sites.site(of: server, in: spec).reservesPorts
        if use == .elsewhere { return [] }
        let isLocal = ["localhost", "127.0.0.1"].contains(server.host)
        var reserved: [(name: String, socket: PortReservation)] = []
        var wanted: [(String, WritableKeyPath<Ports, Int>)] = [("client", \.client)]
        // In a network of their own the others collide with none of this machine.
        if use == .handedOver { wanted += [("election", \.election), ("quorum", \.quorum)] }
        for (name, key) in wanted {
            let port = server.ports[keyPath: key]
            let isLoopback = isLocal && name != "client"
            guard
                let socket = PortReservation.take(port, isLoopback: isLoopback, orAny: mayMove)
            else {
                for each in reserved { each.socket.close() }
                throw EnsembleError(
                    "port \(port), the \(name) port of server \(server.id), is taken by "
                        + (folder.holder(of: port)
                            ?? "another program: 'ss -ltnp sport = :\(port)' shows which. Stop it, or "
                            + "choose another port in the spec: servers, ports, \(name)"))
            }
            spec.servers[place].ports[keyPath: key] = socket.port
            // Whoever opens it by himself finds it free.
            if use == .lookedAt { socket.close() } else { reserved.append((name, socket)) }
        }
        if mayMove { chooseOtherPorts(place) }
        return reserved
    }

    /// Ports that a server does without rather than not start: the server binds them itself, so
    /// here it is enough to choose free ones.
    private mutating func chooseOtherPorts(_ place: Int) {
        let keys: [WritableKeyPath<Ports, Int?>] = [\.admin, \.metrics]
        for key in keys {
            guard let port = spec.servers[place].ports[keyPath: key],
                let socket = PortReservation.take(port, isLoopback: false, orAny: true)
            else { continue }
            spec.servers[place].ports[keyPath: key] = socket.port
            socket.close()
        }
    }

    /// Starts one server again; false if it runs already.
    public mutating func start(_ id: Int) throws -> Bool {
        guard let place = spec.servers.firstIndex(where: { $0.id == id }) else {
            throw EnsembleError(.misused, "there is no server \(id); 'aviary status' lists them")
        }
        // Somebody may have purged it, and an empty folder would begin another history.
        guard !folder.isGone else { throw folder.removal }
        let server = servers[place]
        guard try server.site.look(server) == nil else { return false }
        let sockets = try reserve(place, mayMove: false)
        defer { for each in sockets { each.socket.close() } }
        try server.write(in: server.fileSystem)
        try launch(server, sockets)
        return true
    }

    /// Watches servers that have just been started until they speak, half a second at most.
    ///
    /// - Returns: the ids of those that have ended by then.
    public func endedAtOnce(_ ids: [Int]) -> [Int] {
        let new = servers.filter { ids.contains($0.server.id) }
        let end = LocalEnsemble.seconds() + 0.5
        while LocalEnsemble.seconds() < end {
            LocalEnsemble.reap()
            let answers = FourLetterClient.ask(
                new.map {
                    FourLetterClient.Question(
                        word: "srvr", host: $0.clientHost, port: $0.server.ports.client)
                }, milliseconds: 100)
            if !answers.contains(nil) { break }
            LocalEnsemble.sleep(milliseconds: 10)
        }
        return new.filter { ServerProcess($0).pid == nil }.map(\.server.id)
    }

    private func launch(
        _ server: ServerFolder, _ sockets: [(name: String, socket: PortReservation)]
    ) throws {
        try? server.fileSystem.remove(server.stoppedPath)
        // Before the start: whoever looks in between sees no process, and starts it.
        try LauncherFile.write(server.stamp, to: server.stampPath, in: server.fileSystem)
        try? server.markLog()
        try server.site.start(server, server.server.binary ?? spec.image ?? binary, sockets)
    }

    /// Looks at the servers again and again, at first often, until the condition holds.
    ///
    /// `goesOn` is asked after each look that does not end it.
    ///
    /// - Returns: whether it holds; false after `seconds`, or when `goesOn` says no.
    public func wait(
        seconds: Double, until isMet: (EnsembleStatus) -> Bool,
        while goesOn: (EnsembleStatus) -> Bool = { _ in true }
    ) -> Bool {
        let begun = LocalEnsemble.seconds()
        while true {
            let status = status()
            if isMet(status) {
                if status.leader != nil { try? folder.markBegun() }
                return true
            }
            let passed = LocalEnsemble.seconds() - begun
            guard passed < seconds, goesOn(status) else { return false }
            LocalEnsemble.sleep(milliseconds: passed < 2 ? 10 : 100)
        }
    }

    /// Whether somebody has stopped the server and wants it to stay so.
    public func isMeantToBeStopped(_ server: ServerFolder) -> Bool {
        server.isStoppedOnPurpose
    }

    /// Takes note of children that have ended.
    public static func reap() { ProcessEnding.reap() }

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

extension [ServerSpec] {
    /// "1, 2 and 3".
    fileprivate var idText: String {
        let ids = map { String($0.id) }
        guard let last = ids.last, ids.count > 1 else { return ids.first ?? "none" }
        return ids.dropLast().joined(separator: ", ") + " and " + last
    }
}
