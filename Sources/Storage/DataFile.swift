public import Records

/// A log or a snapshot, as its name tells: `log.1f` starts with transaction 0x1f, `snapshot.1f`
/// was begun when 0x1f was the last one applied.
///
/// A name belongs to a kind if its first dot-separated part is the kind's and the second is a
/// number in hex; Apache ZooKeeper ignores further parts, so `snapshot.1f.tmp` is a snapshot to it.
/// Therefore our unfinished files have names that start differently.
public struct DataFile: Equatable, Sendable {
    /// What a file holds.
    public enum Kind: String, Sendable {
        case log
        case snapshot
    }

    /// What the file holds.
    public let kind: Kind
    /// The number in its name.
    public let zxid: Zxid
    /// The directory it is in.
    public let directory: String
    /// Its name there.
    public let name: String

    /// Its path.
    public var path: String { directory + "/" + name }

    /// A new file of this number.
    public init(
        _ kind: Kind, _ zxid: Zxid, in directory: String, compression: SnapshotCompression? = nil
    ) {
        self.kind = kind
        self.zxid = zxid
        self.directory = directory
        self.name = kind.rawValue + "." + zxid.hex + (compression?.suffix ?? "")
    }

    /// The file called `name`, or nil if that is not a name of this kind.
    public init?(_ kind: Kind, named name: String, in directory: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == kind.rawValue,
            let number = UInt64(parts[1], radix: 16), !parts[1].hasPrefix("+")
        else { return nil }
        self.kind = kind
        self.zxid = Zxid(Int64(bitPattern: number))
        self.directory = directory
        self.name = name
    }

    /// The files of a kind in a directory, by number.
    public static func list(
        _ kind: Kind, in directory: String, of fileSystem: any FileSystem
    ) throws(StorageError) -> [DataFile] {
        var files: [DataFile] = []
        for name in try fileSystem.list(directory) {
            if let file = DataFile(kind, named: name, in: directory) { files.append(file) }
        }
        return files.sorted { ($0.zxid, $0.name) < ($1.zxid, $1.name) }
    }

    /// The files of `logs` that may hold a transaction from `start` on: those named after it or a
    /// later one, and the newest before.
    static func holding(from start: Zxid, of logs: [DataFile]) -> [DataFile] {
        let first = logs.lastIndex { $0.zxid < start } ?? logs.startIndex
        return Array(logs[first...])
    }
}
