import Jute
import Quorum

@testable import Simulation

// What the peers of a scenario hear.

extension Scenario {
    /// Delivers all that can arrive, and all that follows from it.
    func settle() {
        var count = 0
        while let (host, event) = network.next() {
            count += 1
            precondition(count < 10_000, "the peers never come to rest")
            deliver(event, to: host)
        }
    }

    private func deliver(_ event: ScenarioNetwork.Event, to host: Int) {
        switch event {
        case .dialed(let end, let port):
            dialed(by: end, host, port)
        case .received(let end, let bytes, let port):
            guard isAlive(end) else { return }
            switch port {
            case .election:
                servers[host].peer?.electionReceived(end.link, bytes.rawSpan, now: now)
            case .quorum, .observers:
                servers[host].peer?.quorumReceived(end.link, bytes.rawSpan, now: now)
            }
        case .closed(let end, let port):
            guard isAlive(end) else { return }
            switch port {
            case .election: servers[host].peer?.electionClosed(end.link, now: now)
            case .quorum, .observers: servers[host].peer?.quorumClosed(end.link, now: now)
            }
        case .synced(let life, let generation, let count):
            synced(host, life, generation, count)
        case .logRead(let life, let link):
            logRead(host, life, link)
        }
        drive(host)
    }

    private func isAlive(_ end: ScenarioNetwork.End) -> Bool {
        servers[end.server].peer != nil && servers[end.server].life == end.life
    }

    private func dialed(
        by end: ScenarioNetwork.End, _ host: Int, _ port: ScenarioNetwork.Port
    ) {
        guard isAlive(end) else { return }
        let dialer = end.server
        let isOpen =
            switch port {
            case .election: true
            case .quorum: servers[host].isListening
            case .observers: servers[host].isListeningForObservers
            }
        if isOpen, let link = servers[host].peer?.newLink() {
            let other = ScenarioNetwork.End(server: host, life: servers[host].life, link: link)
            network.connect(end, other, port)
            switch port {
            case .election:
                servers[host].peer?.electionAccepted(link, now: now)
                servers[dialer].peer?.electionDialed(end.link, now: now)
            case .quorum, .observers:
                servers[host].peer?.quorumAccepted(link, now: now)
                servers[dialer].peer?.quorumDialed(end.link, now: now)
            }
        } else {
            switch port {
            case .election: servers[dialer].peer?.electionDialFailed(end.link, now: now)
            case .quorum, .observers:
                servers[dialer].peer?.quorumDialFailed(end.link, now: now)
            }
        }
        drive(dialer)
    }

    // MARK: The disk

    /// One sync serves all that was appended before it began.
    func beginSync(_ host: Int) {
        let disk = servers[host].disk
        guard !servers[host].isSyncing, !disk.unsynced.isEmpty else { return }
        servers[host].isSyncing = true
        network.work(
            host,
            .synced(
                life: servers[host].life, generation: disk.generation,
                count: disk.unsynced.count))
    }

    private func synced(_ host: Int, _ life: Int, _ generation: Int, _ count: Int) {
        guard servers[host].peer != nil, servers[host].life == life,
            servers[host].disk.generation == generation
        else { return }
        servers[host].isSyncing = false
        note(host, "syncs \(servers[host].disk.unsynced.prefix(count).told)")
        if let zxid = servers[host].disk.synced(count) {
            servers[host].peer?.logged(through: zxid, now: now)
        }
        beginSync(host)
    }

    /// A few proposals for a learner that is far behind; the leader asks for more.
    private func logRead(_ host: Int, _ life: Int, _ link: LinkID) {
        guard servers[host].life == life, let wanted = servers[host].logReadings[link] else {
            return
        }
        let disk = servers[host].disk
        guard let rest = disk.entries(after: wanted.after, through: wanted.through) else {
            servers[host].logReadings[link] = nil
            note(host, "does not have \(wanted.after.told) to \(wanted.through.told) in its log")
            servers[host].peer?.logReadFailed(link, "it is not there", now: now)
            return
        }
        let piece = Array(rest.prefix(Scenario.logPieceCount))
        let isLast = piece.count == rest.count
        note(host, "reads \(piece.told) in its log")
        servers[host].logReadings[link] =
            isLast ? nil : (piece.last?.zxid ?? wanted.after, wanted.through)
        servers[host].peer?.logRead(link, piece, isLast: isLast, now: now)
    }
}
