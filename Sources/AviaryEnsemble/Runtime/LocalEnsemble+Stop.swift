// How servers are stopped, and what is left of them taken away: never what may still run.

internal import Records
internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension LocalEnsemble {
    /// Stops servers cleanly; those that have not ended after ten seconds are killed.
    ///
    /// Whoever watches over them sees from a mark that they are meant to stay stopped, unless they
    /// are only `restarting`. `goesOn` is asked while they end, with the number of those that still
    /// run; if it says no, they are left to end by themselves.
    ///
    /// - Returns: the ids of those that ran, and do not any more.
    /// - Throws: who still runs, or of whom nobody knows.
    @discardableResult
    public func stop(
        _ ids: [Int]? = nil, restarting: Bool = false, while goesOn: (Int) -> Bool = { _ in true }
    ) throws(EnsembleError) -> [Int] {
        let chosen = servers.filter { ids?.contains($0.server.id) ?? true }
        RemoteSite.connect(chosen)
        for server in chosen { try ServerProcess(server).signal(0) }
        for server in chosen where !restarting {
            try? LauncherFile.write("", to: server.stoppedPath, in: server.fileSystem)
        }
        let running = chosen.map(ServerProcess.init).filter { $0.pid != nil }
        for process in running {
            try process.signal(SIGCONT)
            try process.signal(SIGTERM)
        }
        let end = LocalEnsemble.seconds() + 10
        while LocalEnsemble.seconds() < end {
            LocalEnsemble.reap()
            let left = running.count { $0.pid != nil }
            if left == 0 { break }
            guard goesOn(left) else { return running.filter { $0.pid == nil }.map(\.id) }
            LocalEnsemble.sleep(milliseconds: 10)
        }
        for process in running { try process.signal(SIGKILL) }
        // Whoever starts them again must not find them still there.
        for _ in 0..<200 where running.contains(where: { $0.pid != nil }) {
            LocalEnsemble.reap()
            LocalEnsemble.sleep(milliseconds: 10)
        }
        LocalEnsemble.reap()
        try requireStopped(chosen)
        return running.map(\.id)
    }

    /// Complains about servers that run, and about those of which that cannot be said.
    private func requireStopped(_ chosen: [ServerFolder]) throws(EnsembleError) {
        let left = chosen.map(ServerProcess.init).compactMap { process in
            process.pid.map { (id: process.id, pid: $0) }
        }
        guard left.isEmpty else {
            throw EnsembleError(
                left.map { "server \($0.id) of \(folder.name) still runs (process \($0.pid))" }
                    .joined(separator: ", ")
                    + ": it was told to end, and killed ten seconds later. 'ps -o pid,stat,wchan,args "
                    + "-p PID' where it runs shows what it waits for, a disk as a rule; then the same "
                    + "again")
        }
        let unreachable = unreachable(among: chosen.map(\.server.id))
        guard unreachable.isEmpty else {
            throw EnsembleError(
                .unreachable,
                "not all servers of \(folder.name) could be told to stop; those of other hosts are "
                    + "stopped:\n  " + unreachable.joined(separator: "\n  "))
        }
    }

    /// Removes the ensemble with all its data.
    ///
    /// - Returns: what stays, and why, a line each.
    public func purge() throws -> [String] {
        // Its files are a running server's memory.
        try requireStopped(servers)
        var left: [String] = []
        for server in servers { left += try server.purgeDirectories(of: folder.identity) }
        for server in servers where server.ensemblePath != folder.path {
            try (server.fileSystem as? any TreeRemover)?.removeTree(server.ensemblePath)
        }
        try folder.purge()
        return left
    }

    /// Why hosts cannot be reached, a line each.
    ///
    /// Those of certain servers alone, if they are named.
    public func unreachable(among ids: [Int]? = nil) -> [String] {
        let chosen = servers.filter { ids?.contains($0.server.id) ?? true }
        var lines: [String] = []
        for problem in chosen.compactMap(\.site.problem) where !lines.contains(problem) {
            lines.append(problem)
        }
        return lines
    }

    /// Takes away what is left of servers that do not run, but never their data.
    public func dismantle() {
        for (_, group) in Dictionary(grouping: servers, by: { ObjectIdentifier($0.site) }) {
            group.first?.site.dismantle(group)
        }
    }
}

extension ServerFolder {
    /// Removes the server's data from directories that the spec has chosen, if they are its own.
    ///
    /// - Returns: what stays, and why, a line each.
    fileprivate func purgeDirectories(of ensemble: String?) throws -> [String] {
        var left: [String] = []
        for directory in Set([server.dataDir, server.dataLogDir].compactMap { $0 }).sorted() {
            guard try fileSystem.exists(directory) else { continue }
            let owner = try DataIdentity.read(in: directory, of: fileSystem)
            let isOurs =
                owner.map { $0.ensemble == ensemble && $0.server.number == server.id } ?? false
            guard isOurs, ensemble != nil else {
                let hasData = try fileSystem.exists(directory + "/version-2")
                if hasData {
                    left.append(
                        "\(directory) of server \(server.id) stays: it does not say that it is this "
                            + "ensemble's")
                }
                continue
            }
            try remove(directory + "/version-2")
            for name in ["myid", "initialize", DataIdentity.fileName] {
                try remove("\(directory)/\(name)")
            }
        }
        return left
    }

    private func remove(_ path: String) throws(StorageError) {
        guard try fileSystem.exists(path) else { return }
        if let remover = fileSystem as? any TreeRemover { return try remover.removeTree(path) }
        try EnsembleFolder.removeTree(path, in: POSIXFileSystem())
    }
}
