// One registry of watches: by path to fire them, by watcher to end them with their connection.

import Records

/// The watches of one registry.
struct PathWatches: Sendable {
    private struct Watch: Sendable {
        var watcher: WatcherID
        var modes: WatchModes
    }

    /// Of each path, sorted by watcher; never empty.
    private var watches: [Path: [Watch]] = [:]
    /// The paths of each watcher; never empty.
    private var paths: [WatcherID: Set<Path>] = [:]
    /// How many of the watches are recursive: without any, ancestors need not be looked at.
    private var recursiveCount = 0
    /// The watches: a watcher on a path is one.
    private(set) var count = 0

    var watcherCount: Int { paths.count }
    var pathCount: Int { watches.count }

    mutating func add(_ watcher: WatcherID, _ path: Path, _ modes: WatchModes) {
        if modes.isEmpty { return }
        let (place, found) = PathWatches.place(of: watcher, in: watches[path] ?? [])
        if !found {
            watches[path, default: []].insert(Watch(watcher: watcher, modes: []), at: place)
            paths[watcher, default: []].insert(path)
            count += 1
        }
        let old = watches[path]?[place].modes ?? []
        if modes.contains(.recursive), !old.contains(.recursive) { recursiveCount += 1 }
        watches[path]?[place].modes = old.union(modes)
    }

    func modes(of watcher: WatcherID, _ path: Path) -> WatchModes {
        guard let list = watches[path] else { return [] }
        let (place, found) = PathWatches.place(of: watcher, in: list)
        return found ? list[place].modes : []
    }

    /// Removes modes; false if there were none of them.
    mutating func remove(_ watcher: WatcherID, _ path: Path, _ modes: WatchModes) -> Bool {
        let old = self.modes(of: watcher, path)
        if old.isDisjoint(with: modes) { return false }
        if old.contains(.recursive), modes.contains(.recursive) { recursiveCount -= 1 }
        setModes(of: watcher, path, to: old.subtracting(modes))
        return true
    }

    mutating func removeAll(of watcher: WatcherID) {
        // Each removal is for itself, so the order of the set reaches nothing.
        for path in paths[watcher] ?? [] { _ = remove(watcher, path, .any) }
    }

    private mutating func setModes(of watcher: WatcherID, _ path: Path, to modes: WatchModes) {
        guard var list = watches.removeValue(forKey: path) else { return }
        let (place, found) = PathWatches.place(of: watcher, in: list)
        if found, modes.isEmpty {
            list.remove(at: place)
            forget(path, of: watcher)
        } else if found {
            list[place].modes = modes
        }
        if !list.isEmpty { watches[path] = list }
    }

    private mutating func forget(_ path: Path, of watcher: WatcherID) {
        count -= 1
        paths[watcher]?.remove(path)
        if paths[watcher]?.isEmpty == true { paths[watcher] = nil }
    }

    /// The watchers of `fired`, sorted, each once; their standard watches on it end.
    mutating func fire(_ path: Path) -> [WatcherID] {
        var watchers = fireStandard(path)
        if recursiveCount > 0 {
            var ancestor: Path? = path.parent
            while let current = ancestor {
                for watch in watches[current] ?? [] where watch.modes.contains(.recursive) {
                    watchers.append(watch.watcher)
                }
                ancestor = current.parent
            }
            watchers = Set(watchers).sorted()
        }
        return watchers
    }

    private mutating func fireStandard(_ path: Path) -> [WatcherID] {
        guard let list = watches[path] else { return [] }
        let remaining = list.compactMap { watch in
            let modes = watch.modes.subtracting(.standard)
            return modes.isEmpty ? nil : Watch(watcher: watch.watcher, modes: modes)
        }
        watches[path] = remaining.isEmpty ? nil : remaining
        for watch in list where watch.modes == .standard { forget(path, of: watch.watcher) }
        return list.map(\.watcher)
    }

    var pathsByWatcher: [(watcher: WatcherID, paths: [Path])] {
        paths.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    }

    var watchersByPath: [(path: Path, watchers: [WatcherID])] {
        watches.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(\.watcher)) }
    }

    /// Where the watcher stands in a sorted list, or would.
    private static func place(
        of watcher: WatcherID, in list: [Watch]
    ) -> (index: Int, found: Bool) {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].watcher < watcher { low = middle + 1 } else { high = middle }
        }
        return (low, low < list.count && list[low].watcher == watcher)
    }
}
