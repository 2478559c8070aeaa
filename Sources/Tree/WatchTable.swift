// Who wants to know what happens where. Watches are volatile and belong to a connection of this
// server; they are no part of the replicated state.
//
// There are two registries, as clients know them: the data registry (exists, getData) and the child
// registry (getChildren). Watchers come out sorted, so that the same events produce the same
// notifications in the same order on every run.

public import Records

/// A connection that watches.
public struct WatcherID: Hashable, Comparable, Sendable {
    /// Unique in the process.
    public var rawValue: Int64

    /// A watcher from its number.
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Orders by number.
    public static func < (left: WatcherID, right: WatcherID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How long a watch lives and what it covers; a watcher may hold all three on one path at a time.
public struct WatchModes: OptionSet, Hashable, Sendable {
    /// The set's bits.
    public var rawValue: UInt8

    /// A set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Fires once.
    public static let standard = WatchModes(rawValue: 1)
    /// Stays, across deletion and creation.
    public static let persistent = WatchModes(rawValue: 2)
    /// Stays, and covers all znodes below; in the data registry only.
    public static let recursive = WatchModes(rawValue: 4)
    /// Every mode.
    public static let any: WatchModes = [.standard, .persistent, .recursive]
}

/// Which kind of news a watch is for.
public enum WatchRegistry: Sendable {
    /// Creation, deletion, data: set by exists and getData.
    case data
    /// Children, and deletion: set by getChildren.
    case child
}

/// A notification for one watcher.
public struct WatchNotification: Equatable, Sendable {
    /// Whom to tell.
    public var watcher: WatcherID
    /// What happened.
    public var kind: TreeEvent.Kind
    /// Where; for a recursive watch it may lie below the watched path.
    public var path: Path

    /// A notification of `kind` at `path` for `watcher`.
    public init(_ watcher: WatcherID, _ kind: TreeEvent.Kind, _ path: Path) {
        self.watcher = watcher
        self.kind = kind
        self.path = path
    }
}

/// All watches set on this server.
public struct WatchTable: Sendable {
    private var data = PathWatches()
    private var child = PathWatches()

    /// No watches.
    public init() {}

    /// Whether there are no watches at all: events need not be gathered then.
    public var isEmpty: Bool { data.count == 0 && child.count == 0 }

    /// Watches `path`.
    ///
    /// The child registry has no recursive watches: those see children come and go as znodes.
    public mutating func add(
        _ watcher: WatcherID, _ path: Path, in registry: WatchRegistry,
        modes: WatchModes = .standard
    ) {
        switch registry {
        case .data: data.add(watcher, path, modes)
        case .child: child.add(watcher, path, modes.subtracting(.recursive))
        }
    }

    /// The modes in which `watcher` watches `path`.
    public func modes(
        of watcher: WatcherID, _ path: Path, in registry: WatchRegistry
    ) -> WatchModes {
        registry == .data ? data.modes(of: watcher, path) : child.modes(of: watcher, path)
    }

    /// Ends watches of `watcher` on `path`; false if there were none of these modes.
    @discardableResult
    public mutating func remove(
        _ watcher: WatcherID, _ path: Path, in registry: WatchRegistry, modes: WatchModes = .any
    ) -> Bool {
        registry == .data
            ? data.remove(watcher, path, modes) : child.remove(watcher, path, modes)
    }

    /// Ends all watches of `watcher`: its connection is gone.
    public mutating func removeAll(of watcher: WatcherID) {
        data.removeAll(of: watcher)
        child.removeAll(of: watcher)
    }

    /// Takes an event to its watchers: standard watches end with it.
    ///
    /// A watcher gets one notification for an event, whatever it watches with; on a deletion the
    /// watchers of the znode's data come first, then those of its children only. Whether a watcher
    /// may know is the caller's to judge, by the event's ACL: a watch ends even so.
    public mutating func fire(_ event: TreeEvent) -> [WatchNotification] {
        let watchers: [WatcherID]
        switch event.kind {
        case .created, .dataChanged:
            if data.count == 0 { return [] }
            watchers = data.fire(event.path)
        case .childrenChanged:
            if child.count == 0 { return [] }
            watchers = child.fire(event.path)
        case .deleted:
            if isEmpty { return [] }
            let first = data.fire(event.path)
            let second = child.fire(event.path)
            watchers = first + WatchTable.sorted(second, without: first)
        }
        return watchers.map { WatchNotification($0, event.kind, event.path) }
    }

    /// The elements of one sorted list that are not in the other.
    private static func sorted(
        _ watchers: [WatcherID], without others: [WatcherID]
    ) -> [WatcherID] {
        var rest = others[...]
        return watchers.filter { watcher in
            rest = rest.drop { $0 < watcher }
            return rest.first != watcher
        }
    }

    // MARK: Counting and listing

    /// The watches of both registries: a watcher on a path is one in each.
    public var count: Int { data.count + child.count }

    /// What `wchs` prints, of the data registry only: watchers, paths, watches.
    public var summary: (watchers: Int, paths: Int, watches: Int) {
        (data.watcherCount, data.pathCount, data.count)
    }

    /// The data registry by watcher (`wchc`), sorted.
    public var pathsByWatcher: [(watcher: WatcherID, paths: [Path])] { data.pathsByWatcher }

    /// The data registry by path (`wchp`), sorted.
    public var watchersByPath: [(path: Path, watchers: [WatcherID])] { data.watchersByPath }
}
