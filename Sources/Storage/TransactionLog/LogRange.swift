public import Records

/// A stretch of the log on disk, for a learner that is too far behind for what memory holds.
public enum LogRange {
    /// The transactions from the last one at or before `start` through `end`, in order.
    ///
    /// Nil if the log does not reach back that far, has a gap there, or holds more than `bytesMax`
    /// in between: then the learner needs a snapshot. May be read while the log is written, as long
    /// as `end` is durable.
    public static func read(
        from start: Zxid, through end: Zxid, bytesMax: Int, in directory: String,
        of fileSystem: any FileSystem
    ) throws(StorageError) -> [LogEntry]? {
        do throws(StorageError) {
            return try gather(start, end, bytesMax, directory, fileSystem)
        } catch  where error.code == .notFound {
            // A purge was faster.
            return nil
        }
    }

    private static func gather(
        _ start: Zxid, _ end: Zxid, _ bytesMax: Int, _ directory: String,
        _ fileSystem: any FileSystem
    ) throws(StorageError) -> [LogEntry]? {
        let logs = try DataFile.list(.log, in: directory, of: fileSystem)
        var walk = try LogWalk(
            DataFile.holding(from: start, of: logs), in: fileSystem, purpose: .live)
        var entries: [LogEntry] = []
        var bytes = 0
        while let record = try walk.next(), record.zxid <= end {
            if record.zxid <= start { (entries, bytes) = ([], 0) }
            if entries.isEmpty, record.zxid > start { return nil }
            if let last = entries.last, !record.zxid.follows(last.zxid) { return nil }
            bytes += record.entry.count
            if bytes > bytesMax { return nil }
            entries.append(LogEntry(zxid: record.zxid, bytes: record.entry))
        }
        return entries.isEmpty ? nil : entries
    }
}

extension Zxid {
    /// Whether no transaction can lie between `other` and this one.
    ///
    /// Equal zxids count: a log may hold one twice.
    func follows(_ other: Zxid) -> Bool {
        self == other || self == other.next || (epoch > other.epoch && counter <= 1)
    }
}
