public import Jute

// The bodies of requests that only read. Servers read them in place; clients write them.

/// A path and whether to watch it: exists, getData, getChildren and getChildren2.
public struct WatchableRequest: Equatable, Sendable {
    /// The znode; nil is null.
    public var path: Path?
    /// Whether to watch it.
    public var watch: Bool

    /// Makes one of these values.
    public init(path: Path?, watch: Bool) {
        self.path = path
        self.watch = watch
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.watch = try reader.readBool()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeBool(watch)
    }
}

/// setWatches: the watches of a client that has come back, and what it has seen.
public struct SetWatchesRequest: Equatable, Sendable {
    /// The last zxid the client has seen.
    public var relativeZxid: Zxid
    /// The data watches.
    public var dataWatches: [Path]?
    /// The exist watches.
    public var existWatches: [Path]?
    /// The child watches.
    public var childWatches: [Path]?

    /// Makes one of these values.
    public init(
        relativeZxid: Zxid, dataWatches: [Path]?, existWatches: [Path]?, childWatches: [Path]?
    ) {
        self.relativeZxid = relativeZxid
        self.dataWatches = dataWatches
        self.existWatches = existWatches
        self.childWatches = childWatches
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.relativeZxid = Zxid(try reader.readInt64())
        self.dataWatches = try reader.readPaths()
        self.existWatches = try reader.readPaths()
        self.childWatches = try reader.readPaths()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(relativeZxid.rawValue)
        writer.writePaths(dataWatches)
        writer.writePaths(existWatches)
        writer.writePaths(childWatches)
    }
}

extension JuteReader {
    /// A `vector<ustring>` of paths, nil for null; a null path in it is not allowed.
    public mutating func readPaths() throws(JuteError) -> [Path]? {
        guard let count = try readCount(elementSizeMin: 4) else { return nil }
        var paths: [Path] = []
        paths.reserveCapacity(count)
        for _ in 0..<count { paths.append(try readPath()) }
        return paths
    }
}

extension JuteWriter {
    /// A `vector<ustring>` of paths; nil is null.
    public mutating func writePaths(_ paths: [Path]?) {
        guard let paths else { return writeInt32(-1) }
        writeInt32(Int32(paths.count))
        for path in paths { writeBuffer(path.bytes) }
    }
}
