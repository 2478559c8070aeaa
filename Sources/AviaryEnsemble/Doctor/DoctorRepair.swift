internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension LocalEnsemble {
    /// Does what a finding offers; nothing that could cost data or the quorum is among it.
    public mutating func carryOut(_ repair: Finding.Repair) throws {
        switch repair {
        case .writeMyID(let id):
            guard let server = servers.first(where: { $0.server.id == id }) else { return }
            // Where the server is, which may be another host.
            try AtomicFile.write(
                Array("\(id)\n".utf8), to: server.dataDirectory + "/myid", in: server.fileSystem)
        case .makeDirectory(let path):
            for server in servers
            where [server.path, server.dataDirectory, server.server.dataLogDir].contains(path) {
                try server.fileSystem.makeDirectory(path)
            }
        case .start(let id): _ = try start(id)
        case .resume(let id):
            guard let server = servers.first(where: { $0.server.id == id }) else { return }
            try ServerProcess(server).signal(SIGCONT)
        case .makePrivate(let path):
            guard unsafe chmod(path, mode_t(0o600)) == 0 else {
                throw StorageError(.permission, "its rights cannot be changed", path: path)
            }
        }
    }
}
