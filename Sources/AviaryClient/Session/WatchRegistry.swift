import Jute
import Records

/// The watches a session has left on servers, kept to fire once and to be left again elsewhere.
///
/// Servers forget a watch with the connection, so the client remembers for them.
struct WatchRegistry: Equatable {
    /// How many paths may be watched; reads beyond leave no watch and fail.
    static let countMax = 1_000_000
    /// Path text in one setWatches, as other clients split it.
    static let frameBytesMax = 128 * 1024

    private var data: [Path: [WatcherID]] = [:]
    private var existence: [Path: [WatcherID]] = [:]
    private var children: [Path: [WatcherID]] = [:]

    var isFull: Bool { data.count + existence.count + children.count >= Self.countMax }
    var isEmpty: Bool { data.isEmpty && existence.isEmpty && children.isEmpty }

    /// Notes the watch of a read that was answered with `error`.
    mutating func left(_ intent: WatchIntent, error: ErrorCode) {
        switch (intent.kind, error) {
        case (.children, .ok): Self.add(intent, to: &children)
        case (.data, .ok), (.existence, .ok): Self.add(intent, to: &data)
        // A server watches for what is not there yet, too.
        case (.existence, .noNode): Self.add(intent, to: &existence)
        default: break
        }
    }

    private static func add(_ intent: WatchIntent, to table: inout [Path: [WatcherID]]) {
        if table[intent.path]?.contains(intent.watcher) == true { return }
        table[intent.path, default: []].append(intent.watcher)
    }

    /// Removes and returns those to be told of an event, each once, the oldest first.
    mutating func fire(_ kind: WatchEvent.Kind, at path: Path) -> [WatcherID] {
        var told: [WatcherID] = []
        switch kind {
        case .created, .dataChanged:
            told += data.removeValue(forKey: path) ?? []
            told += existence.removeValue(forKey: path) ?? []
        case .deleted:
            told += data.removeValue(forKey: path) ?? []
            told += existence.removeValue(forKey: path) ?? []
            told += children.removeValue(forKey: path) ?? []
        case .childrenChanged:
            told += children.removeValue(forKey: path) ?? []
        case .sessionEnded, .other:
            break
        }
        return Self.sortedOnce(told)
    }

    /// Removes all, and returns each path with those to be told of the session's end, in order.
    mutating func removeAll() -> [(Path, [WatcherID])] {
        var told: [Path: [WatcherID]] = [:]
        for table in [data, existence, children] {
            for (path, watchers) in table { told[path, default: []] += watchers }
        }
        self = WatchRegistry()
        return told.keys.sorted().map { ($0, Self.sortedOnce(told[$0, default: []])) }
    }

    private static func sortedOnce(_ watchers: [WatcherID]) -> [WatcherID] {
        var result: [WatcherID] = []
        for watcher in watchers.sorted() where watcher != result.last { result.append(watcher) }
        return result
    }

    /// The requests that leave all watches on a new server: what it has that is newer than
    /// `zxid`, it tells at once.
    func requests(since zxid: Zxid) -> [SetWatchesRequest] {
        var requests: [SetWatchesRequest] = []
        var next = SetWatchesRequest(
            relativeZxid: zxid, dataWatches: [], existWatches: [], childWatches: [])
        let empty = next
        var size = 0
        func make(room bytes: Int) {
            if size + bytes > Self.frameBytesMax, next != empty {
                requests.append(next)
                next = empty
                size = 0
            }
            size += bytes
        }
        for path in data.keys.sorted() {
            make(room: path.bytes.count)
            next.dataWatches?.append(path)
        }
        for path in existence.keys.sorted() {
            make(room: path.bytes.count)
            next.existWatches?.append(path)
        }
        for path in children.keys.sorted() {
            make(room: path.bytes.count)
            next.childWatches?.append(path)
        }
        if next != empty { requests.append(next) }
        return requests
    }
}
