import Quorum
import Records

// What goes wrong, and how it is put right in the end.

extension QuorumSimulation {
    static let faultKinds: [Fault] = [
        .crash, .crash, .crashLeader, .partition, .partition, .deafness, .heal, .reset,
        .slowNetwork, .slowLink, .slowDisk, .pause, .snapshot, .purge, .brokenOff, .brokenOff,
    ]

    /// One misfortune, and when the next one comes.
    func doHarm() {
        if isCalm { return }
        let (misfortune, pause) = faults.next(now: now)
        queue.schedule(.chaos, at: now + pause)
        if let misfortune { perform(misfortune) }
    }

    private func perform(_ misfortune: Misfortune) {
        var random = misfortune.random
        trace { "misfortune \(misfortune.number): \(misfortune.fault)" }
        let host = random.below(servers.count)
        let other = random.below(servers.count)
        switch misfortune.fault {
        case .crash: crash(host)
        case .crashLeader:
            let leaders = servers.indices.filter {
                if case .leading = servers[$0].role { return true }
                return false
            }
            if let leader = random.pick(leaders) { crash(leader) }
        case .partition: partition(&random)
        case .deafness: network.block(from: host, to: other)
        case .heal: network.heal(now: now)
        case .reset:
            if let connection = random.pick(network.established) {
                network.reset(connection, now: now)
            }
        case .slowNetwork:
            network.conditions.longDelays = random.pick([0, 10, 100, 300]) ?? 0
        case .slowLink: network.slowDown(from: host, to: other, .slowLink(&random))
        case .slowDisk:
            servers[host].syncTime = random.chance(1, in: 2) ? 100...1000 : 5000...200_000
        case .pause:
            count("pause")
            servers[host].stoppedUntil = now + random.number(5000...2_000_000)
        case .snapshot: snapshot(host)
        case .purge:
            count("purge")
            servers[host].disk.purge()
        case .brokenOff: lastWord = LastWord(&random)
        case .powerLoss, .failedWrite, .fullDisk, .clockJump, .strandedLeader, .latecomer,
            .flippedBits, .misdirectedWrite:
            break
        }
    }

    /// Splits the hosts in two, in one direction or both.
    private func partition(_ random: inout SeededGenerator) {
        count("partition")
        let isBothWays = random.chance(2, in: 3)
        var left: [Int] = []
        for host in servers.indices where random.chance(1, in: 2) { left.append(host) }
        for from in left {
            for to in servers.indices where !left.contains(to) {
                network.block(from: from, to: to)
                if isBothWays { network.block(from: to, to: from) }
            }
        }
        trace { "partition of \(left.map { $0 + 1 })" }
    }

    /// A replica takes a snapshot of its own, as it does when its log has grown.
    private func snapshot(_ host: Int) {
        guard servers[host].isServing else { return }
        let tree = servers[host].tree
        if tree.last > (servers[host].disk.snapshots.last?.zxid ?? .none) {
            servers[host].disk.save(tree, at: tree.last)
        }
    }

    /// No more misfortunes: everything is mended, and everybody starts.
    func heal() {
        isCalm = true
        lastWord = nil
        for server in servers { server.doom = nil }
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

    /// Who has promised a later epoch than the leader's stays outside until there is another: in
    /// the end somebody starts the leader again.
    func relieve() {
        guard (now / 500_000) % 6 == 0 else { return }
        for (host, server) in servers.enumerated() {
            guard case .leading(let epoch) = server.role else { continue }
            if servers.contains(where: { $0.disk.acceptedEpoch > epoch }) {
                count("relieved")
                crash(host)
            }
        }
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
