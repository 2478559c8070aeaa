internal import Mutants
public import Records

// Taking history back, as a leader demands it. Each order of steps below is chosen so that a crash
// between any two leaves a history that this server once had, and never one with a hole.

/// What became of the order to go back to a transaction.
public enum TruncationOutcome: Equatable, Sendable {
    /// The disk holds exactly the history up to that transaction; read it again from there.
    case truncated
    /// No snapshot lies at or before it, or the log does not hold it. Nothing was changed: forget
    /// the database in memory and have the leader send a snapshot.
    case needsSnapshot
}

extension DataDirectories {
    /// Keeps exactly the transactions up to `target`; durable on return.
    ///
    /// Snapshots beyond it go too, as they would bring back what is taken away. The log's writer
    /// must be `reset` before.
    public func truncateHistory(
        to target: Zxid, in fileSystem: any FileSystem
    ) throws(StorageError) -> TruncationOutcome {
        let snapshotFiles = try DataFile.list(.snapshot, in: snapshots, of: fileSystem)
        var base: DataFile?
        for file in snapshotFiles.reversed() where file.zxid <= target {
            if try SnapshotProbe.isPlausible(file, in: fileSystem) {
                base = file
                break
            }
        }
        guard let base else { return .needsSnapshot }
        let logFiles = try DataFile.list(.log, in: logs, of: fileSystem)
        let cut = try findCut(after: target, logFiles, in: fileSystem)
        guard base.zxid == target || cut.last == target else { return .needsSnapshot }

        // Snapshots first: with the log still whole, any of them is part of the old history.
        let beyond = snapshotFiles.filter {
            $0.zxid > target && !Mutant.snapshotSurvivesTruncation.isOn
        }
        for file in beyond { try fileSystem.remove(file.path) }
        if !beyond.isEmpty { try fileSystem.syncDirectory(snapshots) }
        // Then the log from its end, so that what is left is always a beginning of it.
        try removeFromTheEnd(logFiles.filter { $0.zxid > target }, in: fileSystem)
        if let place = cut.place {
            let file = try fileSystem.open(place.file.path, .update)
            try file.truncate(to: place.offset)
            try file.sync()
        }
        return .truncated
    }

    /// Removes all history but the snapshot `kept`, which must be durable already.
    ///
    /// After a leader has sent its whole database, logs and snapshots from before do not join up
    /// with what comes now: replaying them over it would bring back what the leader never had, and
    /// falling back on them would leave a hole.
    public func keepOnlySnapshot(
        _ kept: DataFile, in fileSystem: any FileSystem
    ) throws(StorageError) {
        guard try SnapshotProbe.isPlausible(kept, in: fileSystem) else {
            throw StorageError(
                .damaged, "is not whole, and history depends on it", path: kept.path)
        }
        let others = try DataFile.list(.snapshot, in: snapshots, of: fileSystem)
            .filter { $0.name != kept.name }
        // The log first: as long as a snapshot of the old history lies beyond the new one, what is
        // left of the log continues that, and would leave a hole behind the new one.
        try removeFromTheEnd(
            DataFile.list(.log, in: logs, of: fileSystem), in: fileSystem)
        for file in others { try fileSystem.remove(file.path) }
        try fileSystem.syncDirectory(snapshots)
    }

    private func removeFromTheEnd(
        _ files: [DataFile], in fileSystem: any FileSystem
    ) throws(StorageError) {
        for file in files.reversed() {
            try fileSystem.remove(file.path)
            // Each by itself: a directory need not keep the order of its changes.
            try fileSystem.syncDirectory(file.directory)
        }
    }

    private struct Cut {
        /// The last transaction that is kept.
        var last: Zxid?
        /// Where to cut which file; nil if nothing of it has to go.
        var place: (file: DataFile, offset: Int64)?
    }

    private func findCut(
        after target: Zxid, _ logFiles: [DataFile], in fileSystem: any FileSystem
    ) throws(StorageError) -> Cut {
        var cut = Cut()
        guard let first = logFiles.lastIndex(where: { $0.zxid <= target }) else { return cut }
        let file = logFiles[first]
        var walk = try LogWalk(Array(logFiles[first...]), in: fileSystem, purpose: .start)
        while let record = try walk.next(), walk.file == file {
            if record.zxid > target {
                cut.place = (file, record.offset)
                return cut
            }
            cut.last = record.zxid
        }
        if let torn = walk.repairs.first(where: { $0.path == file.path }) {
            cut.place = (file, torn.offset)
        }
        return cut
    }
}
