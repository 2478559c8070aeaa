import Configuration
import Records
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Whose data a server's directories hold.
///
/// It is looked at before anything is read from them, and kept up to date when the members change.
/// `IdentityCheck` decides.
final class ServerIdentity {
    private let server: ServerID
    private let directories: [String]
    private let fileSystem: any FileSystem
    private var wasMember: Bool

    /// Checks the directories of a member of an ensemble; a server that stands alone is nobody's.
    ///
    /// - Throws: that it must not start from them.
    init?(
        _ files: ServerFiles, _ directories: DataDirectories, _ fileSystem: any FileSystem
    ) throws(StorageError) {
        guard !files.configuration.isStandalone else { return nil }
        self.server = files.server
        self.fileSystem = fileSystem
        self.wasMember = files.membership.version > 0
        let data = AbsolutePath.of(directories.data)
        let logs = AbsolutePath.of(directories.dataLog)
        self.directories = data == logs ? [data] : [data, logs]
        var check = IdentityCheck(
            ensemble: files.configuration.ensemble, server: server,
            version: files.membership.version, places: [])
        for directory in self.directories {
            check.places.append(try ServerIdentity.look(at: directory, in: fileSystem))
        }
        switch check.verdict {
        case .refuse(let error): throw error
        case .start(let changed):
            for place in changed { try place.identity?.write(in: place.path, of: fileSystem) }
        }
    }

    private static func look(
        at path: String, in fileSystem: any FileSystem
    ) throws(StorageError) -> IdentityCheck.Place {
        let names = (try? fileSystem.list(path + "/version-2")) ?? []
        let hasHistory = names.contains { $0.hasPrefix("snapshot.") || $0.hasPrefix("log.") }
        guard hasHistory else {
            return IdentityCheck.Place(path: path, identity: nil, hasHistory: false)
        }
        let identity = try DataIdentity.read(in: path, of: fileSystem)
        var place = IdentityCheck.Place(path: path, identity: identity, hasHistory: true)
        if let identity, identity.directory != path, !isSame(identity.directory, path),
            let original = try? DataIdentity.read(in: identity.directory, of: fileSystem)
        {
            place.originalExists =
                original.directory == identity.directory && original.server == identity.server
                && original.ensemble == identity.ensemble
        }
        return place
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

    /// A configuration has come into force: a server that it has no more must not start again from
    /// what it was before.
    func noteCommitted(_ membership: Membership) throws(StorageError) {
        let isMember = membership.member(server) != nil
        defer { wasMember = wasMember || isMember }
        guard membership.version > 0 else { return }
        for directory in directories {
            let identity = try DataIdentity.read(in: directory, of: fileSystem)
            let next = identity?.after(
                version: membership.version, isMember: isMember, wasMember: wasMember)
            try next?.write(in: directory, of: fileSystem)
        }
    }
}
