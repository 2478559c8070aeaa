/// Where a server keeps its history.
public struct DataDirectories: Equatable, Sendable {
    /// The directory of the configuration's `dataDir`; holds `myid`.
    public let data: String
    /// The directory of `dataLogDir`, often the same.
    public let dataLog: String

    /// The directories of a configuration.
    public init(data: String, dataLog: String? = nil) {
        self.data = data
        self.dataLog = dataLog ?? data
    }

    /// Snapshots and epoch files.
    public var snapshots: String { data + "/version-2" }
    /// Logs.
    public var logs: String { dataLog + "/version-2" }
    /// A file that allows an empty directory to be taken for a new database.
    public var initializeMarker: String { dataLog + "/initialize" }

    /// Makes what is missing, takes the directories for this process, and then prepares them.
    public func prepareAlone(
        in fileSystem: any FileSystem, isCreating: Bool = true
    ) throws(StorageError) -> DirectoryLock {
        try make(in: fileSystem, isCreating: isCreating)
        let lock = try DirectoryLock(self)
        try prepare(in: fileSystem, isCreating: isCreating)
        return lock
    }

    /// Makes what is missing, removes snapshots that were never finished, and refuses files that
    /// are in the wrong directory: once, before anything else touches them.
    ///
    /// A log among the snapshots would be passed over in silence, and with it acknowledged writes:
    /// somebody has changed `dataLogDir` and left the files behind.
    public func prepare(
        in fileSystem: any FileSystem, isCreating: Bool = true
    ) throws(StorageError) {
        try make(in: fileSystem, isCreating: isCreating)
        try removeUnfinished(in: fileSystem)
        guard snapshots != logs else { return }
        let strays =
            try DataFile.list(.snapshot, in: logs, of: fileSystem)
            + DataFile.list(.log, in: snapshots, of: fileSystem)
        guard let stray = strays.first else { return }
        let home = stray.kind == .log ? logs : snapshots
        throw StorageError(
            .refused, "is not in its place: dataDir and dataLogDir differ", path: stray.path,
            advice: "move all \(stray.kind.rawValue) files to \(home)")
    }

    private func make(in fileSystem: any FileSystem, isCreating: Bool) throws(StorageError) {
        for directory in [snapshots, logs] where try !fileSystem.exists(directory) {
            guard isCreating else {
                throw StorageError(
                    .notFound, "is missing, and datadir.autocreate is off", path: directory,
                    advice: "make it; or take ZOO_DATADIR_AUTOCREATE_DISABLE out of the "
                        + "environment and datadir.autocreate=false out of zoo.cfg")
            }
            try fileSystem.makeDirectory(directory)
        }
    }
}
