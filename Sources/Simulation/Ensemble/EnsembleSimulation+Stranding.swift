import Quorum
import Records
import ServerCore

// A leader goes on alone, logs what nobody else gets, and comes back behind a leader that has not
// written anything yet: the one case in which history is taken back. It does not come about by
// itself, as clients write all the time.

extension EnsembleSimulation {
    /// What becomes of a stranded leader, in this order.
    enum StrandedStep {
        case quiet
        case back
    }

    /// Cuts the leader off from all servers, and from no client.
    func strandLeader(_ random: inout SeededGenerator) {
        let leaders = servers.indices.filter {
            if case .leading = servers[$0].replica?.currentRole { true } else { false }
        }
        guard let leader = random.pick(leaders), quietUntil < now else { return }
        count("stranded")
        for other in servers.indices where other != leader {
            network.block(from: leader, to: other)
            network.block(from: other, to: leader)
        }
        queue.schedule(
            .stranded(host: leader, .quiet), at: now + random.number(100_000...400_000))
        queue.schedule(
            .stranded(host: leader, .back), at: now + random.number(1_300_000...2_300_000))
    }

    func goOn(_ step: StrandedStep, _ host: Int) {
        guard !isCalm else { return }
        switch step {
        case .quiet: quietUntil = now + 2_500_000
        case .back:
            guard servers[host].replica != nil else { return network.heal(now: now) }
            // It starts as a server of Apache ZooKeeper would: with a snapshot of all it has logged.
            crash(host)
            servers[host].takesSnapshotAtStart = true
            network.heal(now: now)
            queue.schedule(.start(host: host), at: now + 10_000)
        }
    }
}
