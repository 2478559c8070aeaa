public import Jute

// The bodies of requests about watches alone: to set them again after a reconnect, to add lasting
// ones, to ask for them and to end them.

/// setWatches and setWatches2: the watches of a client that has come back, and what it has seen.
public struct SetWatchesRequest: Equatable, Sendable {
    /// The last zxid the client has seen.
    public var relativeZxid: Zxid
    /// The data watches.
    public var dataWatches: [Path]?
    /// The exist watches.
    public var existWatches: [Path]?
    /// The child watches.
    public var childWatches: [Path]?
    /// The persistent watches; only setWatches2 has them.
    public var persistentWatches: [Path]?
    /// The persistent recursive watches; only setWatches2 has them.
    public var recursiveWatches: [Path]?

    /// Makes one of these values; without the last two it is a setWatches.
    public init(
        relativeZxid: Zxid, dataWatches: [Path]?, existWatches: [Path]?, childWatches: [Path]?,
        persistentWatches: [Path]? = [], recursiveWatches: [Path]? = []
    ) {
        self.relativeZxid = relativeZxid
        self.dataWatches = dataWatches
        self.existWatches = existWatches
        self.childWatches = childWatches
        self.persistentWatches = persistentWatches
        self.recursiveWatches = recursiveWatches
    }

    /// Reads the record: of a setWatches, or of a setWatches2.
    public init(
        from reader: inout JuteReader, hasPersistent: Bool = false
    ) throws(JuteError) {
        self.relativeZxid = Zxid(try reader.readInt64())
        self.dataWatches = try reader.readPaths()
        self.existWatches = try reader.readPaths()
        self.childWatches = try reader.readPaths()
        self.persistentWatches = hasPersistent ? try reader.readPaths() : []
        self.recursiveWatches = hasPersistent ? try reader.readPaths() : []
    }

    /// Writes the record: as a setWatches, or as a setWatches2.
    public func write(to writer: inout JuteWriter, hasPersistent: Bool = false) {
        writer.writeInt64(relativeZxid.rawValue)
        writer.writePaths(dataWatches)
        writer.writePaths(existWatches)
        writer.writePaths(childWatches)
        guard hasPersistent else { return }
        writer.writePaths(persistentWatches)
        writer.writePaths(recursiveWatches)
    }
}

/// addWatch: a watch that stays.
public struct AddWatchRequest: Equatable, Sendable {
    /// What a lasting watch covers.
    public enum Mode: Int32, Sendable {
        /// The znode, and who its children are.
        case persistent = 0
        /// The znode and all below it.
        case recursive = 1
    }

    /// The znode; nil is null.
    public var path: Path?
    /// One of the modes, if the client knows what it asks for.
    public var mode: Int32

    /// Makes one of these values.
    public init(path: Path?, mode: Mode) {
        self.path = path
        self.mode = mode.rawValue
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.mode = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeInt32(mode)
    }
}

/// checkWatches and removeWatches: the client's own watches of a kind.
public struct WatchSelectionRequest: Equatable, Sendable {
    /// Which of a client's watches on a path are meant.
    public enum Selection: Int32, Sendable {
        /// Those that a read of the children left, which fire once.
        case children = 1
        /// Those that another read left, which fire once.
        case data = 2
        /// All.
        case any = 3
        /// The persistent one.
        case persistent = 4
        /// The persistent recursive one.
        case recursive = 5
    }

    /// The znode; nil is null.
    public var path: Path?
    /// One of the selections, if the client knows what it asks for.
    public var type: Int32

    /// Makes one of these values.
    public init(path: Path?, selection: Selection) {
        self.path = path
        self.type = selection.rawValue
    }

    /// Reads the record.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.path = try reader.readOptionalPath()
        self.type = try reader.readInt32()
    }

    /// Writes the record.
    public func write(to writer: inout JuteWriter) {
        writer.writeBuffer(path?.bytes)
        writer.writeInt32(type)
    }
}
