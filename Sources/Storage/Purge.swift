import Records

/// Removes history that no start needs any more.
public enum Purge {
    /// The fewest snapshots that may be kept.
    public static let keptCountMin = 3

    /// Keeps the newest `keptCount` whole snapshots and every log that one of them needs, and
    /// returns the paths of what was removed.
    ///
    /// As the reference does, it also removes files of either kind whose number is none.
    public static func run(
        _ directories: DataDirectories, keeping keptCount: Int, in fileSystem: any FileSystem
    ) throws(StorageError) -> [String] {
        let snapshots = try DataFile.list(.snapshot, in: directories.snapshots, of: fileSystem)
        var oldestKept: Zxid?
        var found = 0
        for file in snapshots.reversed() where found < max(keptCount, keptCountMin) {
            guard try SnapshotProbe.isPlausible(file, in: fileSystem) else { continue }
            oldestKept = file.zxid
            found += 1
        }
        guard let oldestKept else { return [] }
        var removed = try unnumbered(.snapshot, in: directories.snapshots, of: fileSystem)
        for file in snapshots where file.zxid < oldestKept { removed.append(file.path) }
        // Before the logs: a snapshot must never be left without the log it needs.
        try remove(removed, from: directories.snapshots, fileSystem)

        let logs = try DataFile.list(.log, in: directories.logs, of: fileSystem)
        // A log is named after its first transaction, so the one before may hold the next.
        let firstKept = logs.lastIndex { $0.zxid <= oldestKept } ?? logs.startIndex
        var removedLogs = try unnumbered(.log, in: directories.logs, of: fileSystem)
        removedLogs += logs[..<firstKept].map(\.path)
        try remove(removedLogs, from: directories.logs, fileSystem)
        return removed + removedLogs
    }

    private static func unnumbered(
        _ kind: DataFile.Kind, in directory: String, of fileSystem: any FileSystem
    ) throws(StorageError) -> [String] {
        var paths: [String] = []
        for name in try fileSystem.list(directory)
        where name.hasPrefix(kind.rawValue + ".")
            && DataFile(kind, named: name, in: directory) == nil
        {
            paths.append(directory + "/" + name)
        }
        return paths
    }

    private static func remove(
        _ paths: [String], from directory: String, _ fileSystem: any FileSystem
    ) throws(StorageError) {
        guard !paths.isEmpty else { return }
        for path in paths {
            do throws(StorageError) {
                try fileSystem.remove(path)
            } catch  where error.code == .notFound {
                // Somebody else was faster.
            }
        }
        try fileSystem.syncDirectory(directory)
    }
}
