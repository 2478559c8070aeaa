internal import Records
internal import Storage

// Whose data a server's directories hold; the server itself writes it, and refuses what is not its
// own (see IdentityCheck).

extension ServerFolder {
    /// The directories that know their server.
    private var directories: [String] {
        [dataDirectory, server.dataLogDir].compactMap { $0 }
    }

    /// Allows the server to begin a new history, once: for the first start of a new ensemble.
    ///
    /// A server whose disk is empty at any later time has lost it, and takes no part in elections
    /// until it has the data again. Apache ZooKeeper knows the file, too.
    func permitBeginning(in fileSystem: any FileSystem) throws(StorageError) {
        let directory = server.dataLogDir ?? dataDirectory
        try fileSystem.makeDirectory(directory)
        try AtomicFile.write([], to: directory + "/initialize", in: fileSystem)
    }

    /// The server is no member any more, and must not start again from what it has.
    func markRemoved(version: Int64, in fileSystem: any FileSystem) throws(StorageError) {
        for directory in directories {
            guard var identity = try DataIdentity.read(in: directory, of: fileSystem),
                identity.server == ServerID(Int64(server.id)), identity.removed == nil
            else { continue }
            identity.removed = version
            try identity.write(in: directory, of: fileSystem)
        }
    }

    /// Whether its data say that it was removed, by a configuration that its members are not after.
    var isRemoved: Bool {
        let version = members?.version ?? 0
        return directories.contains { directory in
            let identity = try? DataIdentity.read(in: directory, of: fileSystem)
            guard let identity, identity.server == ServerID(Int64(server.id)),
                let removed = identity.removed
            else { return false }
            return version <= removed
        }
    }

    /// A server that was removed is to join again.
    func readmit(in fileSystem: any FileSystem) throws(StorageError) {
        for directory in directories {
            guard var identity = try DataIdentity.read(in: directory, of: fileSystem),
                identity.server == ServerID(Int64(server.id)), identity.removed != nil
            else { continue }
            identity.removed = nil
            try identity.write(in: directory, of: fileSystem)
        }
    }
}
