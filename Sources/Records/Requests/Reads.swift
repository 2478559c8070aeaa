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
