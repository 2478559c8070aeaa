import Jute
import Mutants
import Records
import Tree

// Watches: how they are set without a read, asked for, ended, and how they fire. Those that a read
// leaves behind are set where it is answered.

extension Replica {
    /// Sets a reconnected client's watches again; what it missed is told at once.
    func receivedSetWatches(
        _ reader: inout JuteReader, _ connection: Connection, hasPersistent: Bool
    ) -> ErrorCode {
        let request = try? SetWatchesRequest(from: &reader, hasPersistent: hasPersistent)
        guard let request, let data = request.dataWatches, let exist = request.existWatches,
            let child = request.childWatches, let persistent = request.persistentWatches,
            let recursive = request.recursiveWatches
        else { return .marshallingError }
        let since = Mutant.missedChangesIgnored.isOn ? .endless : request.relativeZxid
        let watcher = watcher(connection)
        for path in data {
            guard let index = tree.find(path) else {
                notify(connection, .deleted, path)
                continue
            }
            if tree.persistedStat(of: index).mzxid > since {
                notify(connection, .dataChanged, path)
            } else {
                watches.add(watcher, path, in: .data)
            }
        }
        for path in exist {
            if tree.find(path) != nil {
                notify(connection, .created, path)
            } else {
                watches.add(watcher, path, in: .data)
            }
        }
        for path in child {
            guard let index = tree.find(path) else {
                notify(connection, .deleted, path)
                continue
            }
            if tree.persistedStat(of: index).pzxid > since {
                notify(connection, .childrenChanged, path)
            } else {
                watches.add(watcher, path, in: .child)
            }
        }
        // What happened meanwhile is lost to these: they promise events, not states.
        for path in persistent { addLasting(watcher, path, .persistent) }
        for path in recursive { addLasting(watcher, path, .recursive) }
        return .ok
    }

    private func addLasting(
        _ watcher: WatcherID, _ path: Path, _ mode: AddWatchRequest.Mode
    ) {
        switch mode {
        case .persistent:
            watches.add(watcher, path, in: .data, modes: .persistent)
            watches.add(watcher, path, in: .child, modes: .persistent)
        case .recursive: watches.add(watcher, path, in: .data, modes: .recursive)
        }
    }

    private func notify(_ connection: Connection, _ type: TreeEvent.Kind, _ path: Path) {
        connection.output.writeNotification(
            type: type.rawValue, path: path.repaired, zxid: .none)
        markDirty(connection)
        statistics.packetsSent += 1
    }

    /// A watch that stays; whether there is such a znode, and who may read it, is not asked.
    func addWatch(
        _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        guard let request = try? AddWatchRequest(from: &reader), let path = request.path,
            let mode = AddWatchRequest.Mode(rawValue: request.mode)
        else { throw .marshallingError }
        addLasting(watcher(connection), path, mode)
        connection.output.writeInt32(ErrorCode.ok.rawValue)
    }

    /// Asks for the client's own watches of a kind, and ends them if it wants that.
    func selectWatches(
        _ reader: inout JuteReader, _ connection: Connection, removing: Bool
    ) throws(ErrorCode) {
        guard let request = try? WatchSelectionRequest(from: &reader), let path = request.path,
            let selection = WatchSelectionRequest.Selection(rawValue: request.type)
        else { throw .marshallingError }
        let data = selection.modes(in: .data)
        let child = selection.modes(in: .child)
        let watcher = watcher(connection)
        var isFound: Bool
        if removing {
            isFound = watches.remove(watcher, path, in: .data, modes: data)
            if watches.remove(watcher, path, in: .child, modes: child) { isFound = true }
        } else {
            isFound =
                !watches.modes(of: watcher, path, in: .data).isDisjoint(with: data)
                || !watches.modes(of: watcher, path, in: .child).isDisjoint(with: child)
        }
        guard isFound else { throw .noWatcher }
    }

    /// Tells watchers what a transaction did, before its writer gets its reply.
    func fireWatches(_ events: [TreeEvent], zxid: Zxid) {
        for event in events {
            let all = watches.fire(event)
            guard !all.isEmpty else { continue }
            metrics.record(event.kind.watchMetric, Int64(all.count))
            for fired in all {
                guard let connection = connections[ConnectionID(fired.watcher.rawValue)],
                    access.allows(.read, acl: event.acl, credentials: connection.credentials)
                else { continue }
                let start = connection.output.count
                connection.output.writeNotification(
                    type: fired.kind.rawValue, path: fired.path, zxid: zxid)
                metrics.add(.watchBytes, connection.output.count - start)
                markDirty(connection)
                statistics.packetsSent += 1
                connection.statistics.sent += 1
            }
        }
    }
}

extension WatchSelectionRequest.Selection {
    /// What this selects in a registry.
    func modes(in registry: WatchRegistry) -> WatchModes {
        switch self {
        case .children: registry == .child ? .standard : []
        case .data: registry == .data ? .standard : []
        case .any: .any
        case .persistent: .persistent
        case .recursive: registry == .data ? .recursive : []
        }
    }
}
