import Jute
import Records

/// The watches a session has left on servers, kept to fire once and to be left again elsewhere.
///
/// Servers forget a watch with the connection, so the client remembers for them.
struct WatchRegistry: Equatable {
    /// How many watches there may be; reads that would leave one more fail.
    static let countMax = 1_000_000
    /// Path text in one setWatches, as other clients split it.
    static let frameBytesMax = 128 * 1024

    private var data: [Path: [WatcherID]] = [:]
    private var existence: [Path: [WatcherID]] = [:]
    private var children: [Path: [WatcherID]] = [:]

    /// How many watches there are, several of one path counted each.
    private(set) var count = 0
    var isFull: Bool { count >= Self.countMax }
    var isEmpty: Bool { data.isEmpty && existence.isEmpty && children.isEmpty }

    /// Whether a read that was answered with `error` has left its watch.
    static func isLeft(_ kind: WatchIntent.Kind, error: ErrorCode) -> Bool {
        // A server watches for what is not there yet, too.
        error == .ok || (error == .noNode && kind == .existence)
    }

    /// Notes the watch of a read that was answered with `error`.
    mutating func left(_ intent: WatchIntent, error: ErrorCode) {
        guard Self.isLeft(intent.kind, error: error) else { return }
        switch intent.kind {
        case .children: count += Self.add(intent, to: &children)
        case .existence where error == .noNode: count += Self.add(intent, to: &existence)
        case .data, .existence: count += Self.add(intent, to: &data)
        }
    }

    private static func add(_ intent: WatchIntent, to table: inout [Path: [WatcherID]]) -> Int {
        if intent.watcher == .session, table[intent.path]?.first == .session { return 0 }
        // The session's own listener stands first, so that it is found at once.
        let place = intent.watcher == .session ? 0 : table[intent.path]?.count ?? 0
        table[intent.path, default: []].insert(intent.watcher, at: place)
        return 1
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
        count -= told.count
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
