internal import Records

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// Looking at a directory: what a server that is to start from it and a doctor want to know.

extension IdentityCheck.Place {
    /// What is known of a directory of this machine.
    ///
    /// - Throws: that its `identity` cannot be read.
    public init(lookingAt path: String, in fileSystem: any FileSystem) throws(StorageError) {
        let names = (try? fileSystem.list(path + "/version-2")) ?? []
        let hasHistory = names.contains { $0.hasPrefix("snapshot.") || $0.hasPrefix("log.") }
        self.init(path: path, identity: nil, hasHistory: hasHistory)
        guard hasHistory else { return }
        identity = try DataIdentity.read(in: path, of: fileSystem)
        guard let identity, identity.directory != path,
            !IdentityCheck.Place.isSame(identity.directory, path),
            let original = try? DataIdentity.read(in: identity.directory, of: fileSystem)
        else { return }
        originalExists =
            original.directory == identity.directory && original.server == identity.server
            && original.ensemble == identity.ensemble
    }

    /// Whether two paths lead to one directory.
    private static func isSame(_ path: String, _ other: String) -> Bool {
        var first = stat()
        var second = stat()
        guard unsafe stat(path, &first) == 0, unsafe stat(other, &second) == 0 else {
            return false
        }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
