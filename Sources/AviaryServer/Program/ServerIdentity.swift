import Configuration
import Records
import Storage

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
            check.places.append(
                try IdentityCheck.Place(lookingAt: directory, in: fileSystem))
        }
        switch check.verdict {
        case .refuse(let error): throw error
        case .start(let changed):
            for place in changed { try place.identity?.write(in: place.path, of: fileSystem) }
        }
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
