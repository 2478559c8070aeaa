import Quorum
import Records
import Tree

// `mntr`, `dump` and the words about watches.

extension Replica {
    var monitorText: String {
        samples.flatMap(\.keysAndValues).map { "zk_\($0.key)\t\($0.value.plainText)\n" }.joined()
    }

    var peerState: String? {
        guard let peer else { return nil }
        let activity: String
        switch role {
        case .leading: activity = "leading"
        case .following: activity = "following"
        case .observing: activity = "observing"
        default: activity = "looking"
        }
        return "\(activity) - \(peer.status.phase.rawValue)"
    }

    var dumpText: String {
        var lines = ["SessionTracker dump:"]
        let hasLocal = settings.localSessionsEnabled && peer != nil
        if hasLocal { lines += sessionLines("Local ", localSessions) }
        if isPrimary {
            lines += sessionLines(hasLocal ? "Global " : "", tracker)
        } else {
            lines.append("Global Sessions(\(sessionTimeouts.count)):")
            lines += sessionTimeouts.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)ms" }
        }
        let owners = tree.ephemeralOwners
        lines.append("ephemeral nodes dump:")
        lines.append("Sessions with Ephemerals (\(owners.count)):")
        for owner in owners {
            lines.append("\(owner):")
            lines += tree.ephemerals(of: owner).map { "\t\($0)" }
        }
        lines.append("Connections dump:")
        lines += connectionSetLines
        return lines.joined(separator: "\n") + "\n"
    }

    /// The connections by when they are closed unless something comes.
    private var connectionSetLines: [String] {
        let sets = Dictionary(grouping: connections.values) { silenceDeadline(of: $0) }
            .sorted { $0.key < $1.key }
        var lines = ["Connections Sets (\(sets.count))/(\(connections.count)):"]
        for (deadline, members) in sets {
            lines.append("\(members.count) expire at \(dateText(ofDeadline: deadline)):")
            for connection in members.sorted(by: { $0.id < $1.id }) {
                let address = AddressCredential.text(of: connection.address)
                lines.append(
                    "\tip: /\(address):\(connection.port) sessionId: \(connection.session)")
            }
        }
        return lines
    }

    private func dateText(ofDeadline deadline: Int64) -> String {
        CalendarDate.text(
            milliseconds: now.wallMilliseconds + deadline - now.monotonicMilliseconds)
    }

    private func sessionLines(_ kind: String, _ tracker: SessionTracker) -> [String] {
        let sets = tracker.expirySets
        let count = sets.reduce(0) { $0 + $1.sessions.count }
        var lines = ["\(kind)Session Sets (\(sets.count))/(\(count)):"]
        for set in sets {
            lines.append(
                "\(set.sessions.count) expire at \(dateText(ofDeadline: set.deadline)):")
            lines += set.sessions.map { "\t\($0)" }
        }
        return lines
    }

    var watchSummaryText: String {
        let summary = watches.summary
        return "\(summary.watchers) connections watching \(summary.paths) paths\n"
            + "Total watches:\(summary.watches)\n"
    }

    private func session(of watcher: WatcherID) -> SessionID? {
        connections[ConnectionID(watcher.rawValue)]?.session
    }

    var watchesByConnectionText: String {
        watches.pathsByWatcher.map { watcher, paths in
            "\(session(of: watcher) ?? .none)\n" + paths.map { "\t\($0)\n" }.joined()
        }.joined() + "\n"
    }

    var watchesByPathText: String {
        watches.watchersByPath.map { path, watchers in
            "\(path)\n" + watchers.map { "\t\(session(of: $0) ?? .none)\n" }.joined()
        }.joined() + "\n"
    }
}
