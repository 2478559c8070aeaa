// What a server's own files make of it, and what becomes of servers that are no members any more.

internal import Configuration
internal import Records
internal import Storage

extension ServerFolder {
    /// What the files make of the server.
    var state: ObservedServer.Files {
        let hasConfiguration = (try? fileSystem.exists(configurationPath)) ?? false
        guard hasConfiguration else { return .none }
        guard ((try? membersOfServer(in: fileSystem)) ?? nil) != nil else {
            let isJoining = (try? fileSystem.exists(joiningPath)) ?? false
            return isJoining ? .joiner : .member
        }
        let own = members?.member(ServerID(Int64(server.id)))
        return own == nil ? .former : .member
    }

    /// The members that the server's numbered dynamic file names.
    var members: Membership? {
        guard let file = (try? membersOfServer(in: fileSystem)) ?? nil,
            let bytes = (try? AtomicFile.read(file, in: fileSystem)) ?? nil
        else { return nil }
        return try? DynamicFile.parse(String(decoding: bytes, as: UTF8.self), file: file)
    }
}

extension ServerFolder {
    /// It is a member, and its files are its own from now on.
    func hasJoined() throws {
        if try fileSystem.exists(joiningPath) { try fileSystem.remove(joiningPath) }
    }

    /// Puts a former member's files where no verb finds them, if that is not this machine.
    func putAside(version: Int64) throws {
        guard site is RemoteSite, try fileSystem.exists(path) else { return }
        let version = String(UInt64(bitPattern: version), radix: 16)
        try fileSystem.makeDirectory(ensemblePath + "/removed")
        try fileSystem.rename(path, to: "\(ensemblePath)/removed/\(server.id)-\(version)")
    }
}

extension LocalEnsemble {
    /// Before a start of all: a change that was interrupted may have left servers that cannot start.
    ///
    /// One that is to be a member again is started to join; the others are put aside.
    mutating func settleFormerServers() throws {
        let wanted = try folder.loadWanted()
        for server in servers where server.state == .former && ServerProcess(server).pid == nil {
            let id = server.server.id
            guard let members = server.members else { continue }
            if wanted?.servers.contains(where: { $0.id == id }) ?? false {
                try server.write(toJoin: members, in: server.fileSystem)
            } else if spec.servers.count > 1 {
                if server.ensemblePath != folder.path {
                    // Here a folder of that name is what remembers the id.
                    try POSIXFileSystem().makeDirectory("\(folder.path)/\(id)")
                }
                try server.putAside(version: members.version)
                try folder.putAside(id, version: members.version)
                spec.servers.removeAll { $0.id == id }
            }
        }
    }
}

extension EnsembleFolder {
    /// Where the files of former members are.
    private var removedPath: String { path + "/removed" }

    /// The ids that servers of this ensemble have had and given up; they are not given again.
    var formerIDs: [Int] {
        let names = (try? POSIXFileSystem().list(removedPath)) ?? []
        return names.compactMap { $0.split(separator: "-").first.flatMap { Int($0) } }
    }

    /// Where the files of a former member are, the last ones where it was one more than once.
    public func formerPlace(of id: Int) -> String? {
        let names = (try? POSIXFileSystem().list(removedPath)) ?? []
        return names.filter { $0.hasPrefix("\(id)-") }
            .max { ($0.count, $0) < ($1.count, $1) }.map { "\(removedPath)/\($0)" }
    }

    /// Puts a former member's files where no verb finds them.
    func putAside(_ id: Int, version: Int64) throws {
        let fileSystem = POSIXFileSystem()
        let own = "\(path)/\(id)"
        guard try fileSystem.exists(own) else { return }
        try fileSystem.makeDirectory(removedPath)
        let version = String(UInt64(bitPattern: version), radix: 16)
        try fileSystem.rename(own, to: "\(removedPath)/\(id)-\(version)")
        try fileSystem.syncDirectory(path)
    }
}
