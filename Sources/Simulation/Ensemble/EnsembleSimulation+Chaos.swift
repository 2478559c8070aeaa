// What goes wrong, and how it is put right in the end.

extension EnsembleSimulation {
    /// One misfortune, and when the next one comes.
    func doHarm() {
        if isCalm { return }
        queue.schedule(.chaos, at: now + random.number(20_000...700_000))
        switch random.number(0...10) {
        case 0, 1:
            crash(random.below(servers.count))
        case 2, 3:
            // The power goes in the middle of something.
            let host = random.below(servers.count)
            servers[host].fileSystem.fail(after: random.number(0...40), with: .crash)
        case 4:
            partition()
        case 5, 6:
            network.heal(now: now)
        case 7:
            if let connection = random.pick(network.established) {
                network.reset(connection, now: now)
            }
        case 8:
            network.conditions.longDelays = random.pick([0, 10, 100, 300]) ?? 0
        case 9:
            servers[random.below(servers.count)].disk?.purge()
        default:
            servers[random.below(servers.count)].syncTime =
                random.chance(1, in: 2) ? 100...1000 : 5000...200_000
        }
    }

    private func partition() {
        count("partition")
        let hosts = servers.count + clients.count
        let left = (0..<hosts).filter { _ in random.chance(1, in: 2) }
        for from in left {
            for to in 0..<hosts where !left.contains(to) {
                network.block(from: from, to: to)
                network.block(from: to, to: from)
            }
        }
    }

    /// No more misfortunes: everything is mended, everybody starts, and inspectors take the place
    /// of the clients, one for each server.
    func heal() {
        isCalm = true
        trace { "calm" }
        network.conditions.longDelays = 0
        network.heal(now: now)
        for host in servers.indices {
            servers[host].syncTime = 100...1000
            servers[host].fileSystem.cancelFault()
            if servers[host].fileSystem.isPowerless {
                crash(host)
            } else if servers[host].replica == nil {
                queue.schedule(.start(host: host), at: now + random.number(0...100_000))
            }
        }
        beginInspection()
    }
}
