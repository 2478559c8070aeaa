public import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where one ensemble lives on this machine: `$AVIARY_HOME/<ensemble>/<id>/`.
public struct EnsembleFolder: Sendable {
    /// The name of the ensemble.
    public let name: String
    /// Absolute.
    public let path: String
    /// For an operator whose credential is gone, until a change keeps it.
    var newCredential: OperatorCredential?

    /// The folder of the ensemble `name` under `home`.
    public init(_ name: String, home: String) {
        self.name = name
        self.path = home + "/" + name
    }

    private var recordPath: String { path + "/launcher" }

    // What a change under way is to come to; see Change/.
    private var wantedPath: String { path + "/wanted" }

    /// Keeps the spec as it is running, ports included, for `down`, `status` and the next `up`.
    public func save(_ spec: EnsembleSpec) throws(StorageError) {
        try save(spec, to: recordPath)
    }

    /// Keeps what a change is to come to, until it has.
    func saveWanted(_ spec: EnsembleSpec) throws(StorageError) {
        try save(spec, to: wantedPath)
    }

    private func save(_ spec: EnsembleSpec, to file: String) throws(StorageError) {
        try makeDirectory()
        try LauncherFile.write(EnsembleRecord.text(of: spec), to: file)
    }

    /// Makes it, for its owner alone: there are passwords in it.
    public func makeDirectory() throws(StorageError) {
        try LauncherFile.makeDirectory(path, in: POSIXFileSystem())
    }

    /// Whether somebody has removed it, with the ensemble in it.
    public var isGone: Bool {
        !((try? POSIXFileSystem().exists(recordPath)) ?? true)
    }

    /// That it is gone.
    var removal: EnsembleError {
        EnsembleError(
            .unreachable,
            "ensemble \(name) was removed from elsewhere: there is no \(recordPath) any more. "
                + "'aviary up --ensemble \(name)' begins another one")
    }

    /// The spec that was kept, or nil if there is no such ensemble.
    public func load() throws -> EnsembleSpec? { try load(recordPath) }

    /// What a change that is not complete was to come to.
    public func loadWanted() throws -> EnsembleSpec? { try load(wantedPath) }

    /// The change is complete, or given up.
    func forgetWanted() throws(StorageError) {
        if try POSIXFileSystem().exists(wantedPath) { try POSIXFileSystem().remove(wantedPath) }
    }

    private func load(_ file: String) throws -> EnsembleSpec? {
        guard let bytes = try AtomicFile.read(file, in: POSIXFileSystem()) else { return nil }
        let spec = EnsembleRecord.spec(String(decoding: bytes, as: UTF8.self), name: name)
        guard !spec.servers.isEmpty else {
            throw EnsembleError(
                .wrong,
                "the launcher's record \(file) names no server: it is damaged. Write it anew "
                    + "with 'aviary up SPEC', or remove the ensemble: rm -r \(path)")
        }
        return spec
    }

    /// Which server of another ensemble listens on a port, and how to stop it.
    func holder(of port: Int) -> String? {
        let home = EnsembleHome(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 })
        for other in home.names where other != name {
            let folder = home.folder(other)
            guard let spec = (try? folder.load()) ?? nil else { continue }
            for server in spec.servers where server.ports.ofTheEnsemble.contains(port) {
                let files = ServerFolder(server, of: spec, in: folder.path)
                guard ServerProcess(files).pid != nil else { continue }
                return "server \(server.id) of \(other): 'aviary down --ensemble \(other)' stops it"
            }
        }
        return nil
    }

    /// Removes the ensemble with all its data.
    public func purge() throws(StorageError) {
        try EnsembleFolder.removeTree(path, in: POSIXFileSystem())
    }

    static func removeTree(
        _ path: String, in fileSystem: POSIXFileSystem
    ) throws(StorageError) {
        var status = stat()
        // What a link points at is not ours.
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            for name in try fileSystem.list(path) {
                try removeTree(path + "/" + name, in: fileSystem)
            }
            guard unsafe rmdir(path) == 0 else {
                throw StorageError(
                    .permission, "cannot be removed (\(Platform.text(of: errno)))", path: path)
            }
        } else {
            try fileSystem.remove(path)
        }
    }
}
