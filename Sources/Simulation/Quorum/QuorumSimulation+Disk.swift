import Quorum
import Records

// What peers want of their disks and their replicas.

extension QuorumSimulation {
    func performOnDisk(_ effect: QuorumEffect, _ host: Int) {
        let id = servers[host].member.id
        switch effect {
        case .persistAcceptedEpoch(let epoch):
            checker.persistsAccepted(id, epoch, servers[host].disk, fail)
            servers[host].disk.persistAccepted(epoch)
        case .persistCurrentEpoch(let epoch):
            let isLeader = servers[host].peer?.status.leader == id
            checker.persistsCurrent(id, epoch, servers[host].disk, isLeader: isLeader, fail)
            servers[host].disk.persistCurrent(epoch)
        case .append(let proposals):
            servers[host].disk.append(proposals)
            checker.appended(id, servers[host].disk, fail)
            beginSync(host)
        case .flushLog:
            servers[host].disk.flush()
            servers[host].isSyncing = false
        case .truncateLog(let zxid):
            count("truncate")
            if servers[host].disk.truncate(to: zxid) {
                reload(host)
            } else {
                count("truncation refused")
                servers[host].isSyncing = false
                servers[host].peer?.truncationRefused(now: time(host))
            }
        case .reloadDatabase:
            count("reload")
            servers[host].disk.flush()
            servers[host].isSyncing = false
            reload(host)
        case .loadSnapshot(let bytes, _):
            let tree = ToyTree(stream: bytes)
            if let tree { servers[host].read(tree) }
            servers[host].peer?.snapshotLoaded(tree != nil, now: time(host))
        case .extendSnapshot(let proposals):
            for proposal in proposals { servers[host].apply(proposal) }
        case .saveSnapshot(let zxid):
            servers[host].disk.replace(with: servers[host].tree, at: zxid)
            servers[host].isSyncing = false
        case .readLog(let link, let start, let end):
            servers[host].logReadings[link] = (start, end)
            scheduleLogRead(host, link)
        case .readMoreLog(let link): scheduleLogRead(host, link)
        case .stopReadingLog(let link): servers[host].logReadings[link] = nil
        default:
            performOnReplica(effect, host)
        }
    }

    private func scheduleLogRead(_ host: Int, _ link: LinkID) {
        let time = now + random.number(random.chance(1, in: 20) ? 10_000...400_000 : 50...3000)
        queue.schedule(.logRead(host: host, life: servers[host].life, link), at: time)
    }

    /// A piece of a log is read for a learner, or the disk fails.
    func logRead(_ host: Int, _ life: Int, _ link: LinkID) {
        guard servers[host].life == life, servers[host].peer != nil,
            let wanted = servers[host].logReadings[link]
        else { return }
        let rest = servers[host].disk.entries(after: wanted.after, through: wanted.through)
        if let rest, !random.chance(1, in: 80) {
            let piece = Array(rest.prefix(random.number(1...20)))
            let isLast = piece.count == rest.count
            count(isLast ? "log read to its end" : "log read in part")
            servers[host].logReadings[link] =
                isLast ? nil : (piece.last?.zxid ?? wanted.after, wanted.through)
            servers[host].peer?.logRead(link, piece, isLast: isLast, now: time(host))
        } else {
            count("log not read")
            servers[host].logReadings[link] = nil
            servers[host].peer?.logReadFailed(link, "it cannot be read", now: time(host))
        }
        perform(host)
    }

    private func reload(_ host: Int) {
        servers[host].isSyncing = false
        let (tree, history) = servers[host].disk.recover(recentMax: 20)
        servers[host].read(tree)
        servers[host].peer?.databaseReloaded(history, now: time(host))
    }

    /// One sync serves all that was appended before it began.
    private func beginSync(_ host: Int) {
        guard !servers[host].isSyncing, !servers[host].disk.unsynced.isEmpty else { return }
        servers[host].isSyncing = true
        queue.schedule(
            .synced(
                host: host, life: servers[host].life,
                generation: servers[host].disk.generation,
                count: servers[host].disk.unsynced.count),
            at: now + random.number(servers[host].syncTime))
    }

    func synced(_ host: Int, _ life: Int, _ generation: Int, _ count: Int) {
        guard servers[host].life == life, servers[host].disk.generation == generation,
            servers[host].peer != nil
        else { return }
        servers[host].isSyncing = false
        if let zxid = servers[host].disk.synced(count) {
            servers[host].peer?.logged(through: zxid, now: time(host))
        }
        beginSync(host)
        perform(host)
    }

    private func performOnReplica(_ effect: QuorumEffect, _ host: Int) {
        let id = servers[host].member.id
        switch effect {
        case .deliver(let proposal):
            if servers[host].role == .looking, !servers[host].isTreeChecked {
                checker.holds(id, servers[host].tree, fail)
                servers[host].isTreeChecked = true
            }
            checker.delivers(id, proposal, at: servers[host].tree.entries.count, fail)
            servers[host].apply(proposal)
            if servers[host].peer?.status.leader != id {
                packetChecker.delivers(id, proposal.zxid, fail)
            }
            if case .leading(let epoch) = servers[host].role, epoch == proposal.zxid.epoch {
                checker.committed(proposal, servers, fail)
            }
            delivered(proposal, host)
        case .roleChanged(let role):
            trace { "\(id) \(role)" }
            servers[host].role = role
            switch role {
            case .following, .observing:
                packetChecker.serves(id, delivered: servers[host].tree.last, fail)
            case .leading, .looking: break
            }
            servers[host].waiting = []
            checker.changed(
                id, role, servers[host].tree, servers[host].disk, acknowledged, fail)
            if case .leading = role { count("leader established") }
            if case .following = role { count("follower up to date") }
        case .forwarded(let link, let request):
            if request.type == .sync {
                servers[host].peer?.answerSync(link)
            } else {
                propose(request.body, host)
            }
        case .syncCompleted:
            count("sync completed")
        case .revalidateAsked(let link, let session, _):
            servers[host].peer?.answerRevalidate(link, session, isValid: true)
        case .revalidated:
            count("revalidated")
        case .sessionsTouched, .membershipProposed, .membershipCommitted:
            break
        case .note(let text, _): trace { "\(id) \(text)" }
        case .fatal(_, let reason):
            fail("\(id) ends itself: \(reason)")
        default:
            fail("an effect that nobody performs: \(effect)")
        }
    }
}
