import Quorum
import Records

// What goes wrong, and how it is put right in the end.

extension QuorumSimulation {
    /// Out of 100000 effects, how many a server crashes before.
    var crashChance: Int { 30 }

    /// One misfortune, and when the next one comes.
    func doHarm() {
        if isCalm { return }
        queue.schedule(.chaos, at: now + random.number(20_000...600_000))
        switch random.number(0...9) {
        case 0, 1:
            if let host = random.pick(Array(servers.indices)) { crash(host) }
        case 2:
            // The leader, when there is one.
            let leaders = servers.indices.filter {
                if case .leading = servers[$0].role { return true }
                return false
            }
            if let host = random.pick(leaders) { crash(host) }
        case 3, 4:
            partition()
        case 5:
            network.heal(now: now)
        case 6:
            if let connection = random.pick(network.established) {
                network.reset(connection, now: now)
            }
        case 7:
            network.conditions.longDelays = random.pick([0, 10, 100, 300]) ?? 0
        case 8:
            if let host = random.pick(Array(servers.indices)) {
                servers[host].syncTime = random.chance(1, in: 2) ? 100...1000 : 5000...200_000
            }
        case 9 where random.chance(1, in: 3):
            count("purge")
            if let host = random.pick(Array(servers.indices)) { servers[host].disk.purge() }
        default:
            snapshotSomewhere()
        }
    }

    /// Splits the hosts in two, in one direction or both.
    private func partition() {
        count("partition")
        let isBothWays = random.chance(2, in: 3)
        let left = servers.indices.filter { _ in random.chance(1, in: 2) }
        for from in left {
            for to in servers.indices where !left.contains(to) {
                network.block(from: from, to: to)
                if isBothWays { network.block(from: to, to: from) }
            }
        }
        trace { "partition of \(left.map { $0 + 1 })" }
    }

    /// A replica takes a snapshot of its own, as it does when its log has grown.
    private func snapshotSomewhere() {
        guard let host = random.pick(servers.indices.filter { servers[$0].isServing }) else {
            return
        }
        let tree = servers[host].tree
        if tree.last > (servers[host].disk.snapshots.last?.zxid ?? .none) {
            servers[host].disk.save(tree, at: tree.last)
        }
    }

    /// No more misfortunes: everything is mended, and everybody starts.
    func heal() {
        isCalm = true
        trace { "calm" }
        network.conditions.longDelays = 0
        network.heal(now: now)
        for host in servers.indices {
            servers[host].syncTime = 100...1000
            if servers[host].peer == nil {
                queue.schedule(.start(host: host), at: now + random.number(0...100_000))
            }
        }
        schedulePending()
    }

    /// Whether all servers serve, one of them leads, and all have the same history.
    var isSettled: Bool {
        guard isCalm else { return false }
        var leaders = 0
        for server in servers {
            guard server.isServing, server.tree == servers[0].tree else { return false }
            if case .leading = server.role { leaders += 1 }
            guard let status = server.peer?.status, status.lastLogged == status.lastCommitted
            else { return false }
        }
        return leaders == 1
    }

    /// Everything acknowledged must be there, once, on every server.
    func checkEnd() {
        for server in servers {
            let operations = server.tree.entries.compactMap(\.operation)
            let distinct = Set(operations)
            if distinct.count != operations.count {
                fail("server \(server.member.id) has an operation twice")
            }
            let lost = acknowledged.subtracting(distinct)
            if !lost.isEmpty {
                fail("server \(server.member.id) has lost \(lost.sorted().prefix(5))")
            }
        }
    }
}
