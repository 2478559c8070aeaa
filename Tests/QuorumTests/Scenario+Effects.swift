import Jute
import Quorum
import Records

@testable import Simulation

// What the peers of a scenario want done, in their order.

extension Scenario {
    /// Performs what a peer wants until it wants nothing more, or crashes.
    func drive(_ host: Int) {
        while let effects = servers[host].peer?.takeEffects(), !effects.isEmpty {
            for effect in effects where servers[host].peer != nil { perform(effect, host) }
        }
    }

    private func perform(_ effect: QuorumEffect, _ host: Int) {
        switch effect {
        case .electionDial(let link, let server, _):
            network.dial(end(host, link), to: Int(server.rawValue) - 1, .election)
        case .electionSend(let link, let bytes):
            noteVotes(bytes, on: end(host, link))
            network.send(end(host, link), bytes)
        case .electionClose(let link):
            network.close(end(host, link))
        case .quorumListen(let isOn):
            if isOn, !servers[host].isListening { note(host, "is elected") }
            servers[host].isListening = isOn
        case .observersListen(let isOn):
            if isOn { note(host, "listens for observers") }
            servers[host].isListeningForObservers = isOn
        case .quorumDial(let link, let endpoint):
            let isMaster = endpoint.port == Scenario.observersPort
            let number = Int(endpoint.host.description.drop { !$0.isNumber }) ?? 0
            network.dial(end(host, link), to: number - 1, isMaster ? .observers : .quorum)
        case .quorumSend(let link, let bytes):
            send(bytes, on: end(host, link))
        case .sendSnapshot(let link, _):
            network.send(end(host, link), servers[host].tree.stream)
        case .quorumClose(let link):
            if let other = network.server(opposite: end(host, link)) {
                note(host, "hangs up on \(other + 1)")
            }
            network.close(end(host, link))
        default:
            performOnDisk(effect, host)
        }
    }

    private func end(_ host: Int, _ link: LinkID) -> ScenarioNetwork.End {
        ScenarioNetwork.End(server: host, life: servers[host].life, link: link)
    }

    private func noteVotes(_ bytes: [UInt8], on end: ScenarioNetwork.End) {
        guard showsVotes, let other = network.server(opposite: end) else { return }
        for vote in ScenarioText.votes(in: bytes) {
            note(end.server, "=> \(other + 1) \(vote)")
        }
    }

    /// Packet by packet, as the server may die between two.
    private func send(_ bytes: [UInt8], on end: ScenarioNetwork.End) {
        guard let other = network.server(opposite: end) else { return }
        for packet in ScenarioText.packets(in: bytes) {
            if servers[end.server].fatalPacket == packet.name { return crash(end.server) }
            if packet.name != "PING" { note(end.server, "-> \(other + 1) \(packet.text)") }
            network.send(end, packet.bytes)
        }
    }

    // MARK: Disk and state machine

    private func performOnDisk(_ effect: QuorumEffect, _ host: Int) {
        switch effect {
        case .persistAcceptedEpoch(let epoch):
            note(host, "promises epoch \(epoch)")
            servers[host].disk.persistAccepted(epoch)
        case .persistCurrentEpoch(let epoch):
            note(host, "enters epoch \(epoch)")
            servers[host].disk.persistCurrent(epoch)
        case .append(let proposals):
            note(host, "logs \(proposals.told)")
            servers[host].disk.append(proposals)
            beginSync(host)
        case .flushLog:
            flush(host)
        case .truncateLog(let zxid):
            flush(host)
            if servers[host].disk.truncate(to: zxid) {
                note(host, "truncates its log to \(zxid.told)")
                reload(host)
            } else {
                note(host, "cannot truncate its log to \(zxid.told)")
                servers[host].peer?.truncationRefused(now: now)
            }
        case .reloadDatabase:
            note(host, "reads its disk again")
            reload(host)
        case .loadSnapshot(let bytes, let zxid):
            note(host, "loads the snapshot of \(zxid.told)")
            let tree = ToyTree(stream: bytes)
            if let tree { servers[host].tree = tree }
            servers[host].peer?.snapshotLoaded(tree != nil, now: now)
        case .extendSnapshot(let proposals):
            note(host, "adds \(proposals.told) to the snapshot")
            for proposal in proposals { servers[host].tree.apply(proposal) }
        case .saveSnapshot(let zxid):
            note(host, "saves a snapshot of \(zxid.told)")
            servers[host].disk.replace(with: servers[host].tree, at: zxid)
        case .readLog(let link, let start, let end):
            servers[host].logReadings[link] = (start, end)
            network.work(host, .logRead(life: servers[host].life, link))
        case .readMoreLog(let link):
            network.work(host, .logRead(life: servers[host].life, link))
        case .stopReadingLog(let link):
            servers[host].logReadings[link] = nil
        default:
            performOnReplica(effect, host)
        }
    }

    private func flush(_ host: Int) {
        let unsynced = servers[host].disk.unsynced
        if !unsynced.isEmpty { note(host, "syncs \(unsynced.told)") }
        servers[host].disk.flush()
        servers[host].isSyncing = false
    }

    private func reload(_ host: Int) {
        flush(host)
        let (tree, history) = servers[host].disk.recover(
            recentMax: Scenario.committedLogCountMax)
        servers[host].tree = tree
        servers[host].peer?.databaseReloaded(history, now: now)
    }

    private func performOnReplica(_ effect: QuorumEffect, _ host: Int) {
        switch effect {
        case .deliver(let proposal):
            note(host, "delivers \(proposal.zxid.told)")
            servers[host].tree.apply(proposal)
        case .roleChanged(let role): note(host, role.told)
        case .membershipProposed(let membership): keep(membership, inForce: false, host)
        case .membershipCommitted(let membership): keep(membership, inForce: true, host)
        case .forwarded(_, let request): propose(request.body, host)
        case .note(let text, let isWarning):
            if isWarning { note(host, "says: \(text)") }
        default: note(host, "\(effect)")
        }
    }
}
