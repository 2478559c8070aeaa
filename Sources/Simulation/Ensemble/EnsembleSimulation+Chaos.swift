import Quorum
import Records
import ServerCore
import Storage

// What goes wrong, and how it is put right in the end.

extension EnsembleSimulation {
    static let faultKinds: [Fault] = [
        .crash, .crash, .crashLeader, .powerLoss, .powerLoss, .failedWrite, .partition, .deafness,
        .fullDisk, .heal, .heal, .reset, .slowNetwork, .slowLink, .slowDisk, .pause, .snapshot,
        .purge, .clockJump,
        .brokenOff, .brokenOff, .strandedLeader, .latecomer, .flippedBits,
        .misdirectedWrite,
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
        let server = servers[host]
        switch misfortune.fault {
        case .crash: crash(host)
        case .crashLeader:
            let leaders = servers.indices.filter {
                if case .leading = servers[$0].replica?.currentRole { true } else { false }
            }
            if let leader = random.pick(leaders) { crash(leader) }
        case .powerLoss:
            // A server that was never started has no power that could go.
            if admin != nil, server.replica == nil { return }
            if random.chance(1, in: 2) {
                // In the middle of something.
                server.fileSystem.fail(after: random.number(0...40), with: .crash)
            } else {
                let places = CrashPoint.places.filter {
                    !$0.followsFailure && (isReconfiguring || !$0.content.isOfMembers)
                }
                if let place = random.pick(places) {
                    server.fileSystem.losePower(at: CrashPoint(place.step, place.content))
                }
            }
        case .failedWrite:
            server.mayEnd = true
            server.fileSystem.fail(
                after: random.number(0...20),
                with: .error(random.chance(1, in: 2) ? .noSpace : .inputOutput))
        case .fullDisk:
            count("full disk")
            server.mayEnd = true
            server.fileSystem.capacity =
                server.fileSystem.usedSize + Int64(random.number(0...20_000))
        case .partition: partition(&random)
        case .deafness:
            let deaf = random.below(servers.count + clients.count)
            network.block(from: host, to: deaf)
        case .heal: network.heal(now: now)
        case .reset:
            if let connection = random.pick(network.established) {
                network.reset(connection, now: now)
            }
        case .slowNetwork:
            network.conditions.longDelays = random.pick([0, 10, 100, 300]) ?? 0
        case .slowLink:
            let other = random.below(servers.count + clients.count)
            network.slowDown(from: host, to: other, .slowLink(&random))
        case .slowDisk:
            server.syncTime = random.chance(1, in: 2) ? 100...1000 : 5000...200_000
        case .pause:
            count("pause")
            server.stoppedUntil = now + random.number(5000...2_500_000)
        case .snapshot:
            guard let replica = server.replica, server.stoppedUntil <= now else { return }
            if case .success = replica.takeSnapshot(moment(host)) { count("snapshot") }
            perform(host)
        case .purge: server.disk?.purge()
        case .brokenOff: lastWord = LastWord(&random)
        case .strandedLeader: strandLeader(&random)
        case .latecomer: awaitLatecomer(&random)
        case .flippedBits: flipBits(host, &random)
        case .misdirectedWrite: misdirectWrite(host, &random)
        case .clockJump: server.clockError = random.number(-100_000...100_000)
        }
    }

    private func partition(_ random: inout SeededGenerator) {
        count("partition")
        let isBothWays = random.chance(2, in: 3)
        let hosts = servers.count + clients.count
        var left: [Int] = []
        for host in 0..<hosts where random.chance(1, in: 2) { left.append(host) }
        for from in left {
            for to in 0..<hosts where !left.contains(to) {
                network.block(from: from, to: to)
                if isBothWays { network.block(from: to, to: from) }
            }
        }
    }

    /// No more misfortunes: everything is mended, everybody starts, and inspectors take the place
    /// of the clients, one for each server.
    func heal() {
        isCalm = true
        quietUntil = 0
        lastWord = nil
        latecomer = nil
        for server in servers { server.doom = nil }
        trace { "calm" }
        network.conditions.longDelays = 0
        network.heal(now: now)
        for host in servers.indices {
            servers[host].syncTime = 100...1000
            servers[host].fileSystem.cancelFault()
            servers[host].fileSystem.capacity = nil
            if servers[host].fileSystem.isPowerless {
                crash(host)
            } else if servers[host].replica == nil, admin == nil || servers[host].isKnown {
                queue.schedule(.start(host: host), at: now + random.number(0...100_000))
            }
        }
        if admin == nil { beginInspection() }
    }

    /// Who has promised a later epoch than the leader's stays outside until there is another: in
    /// the end somebody starts the leader again.
    func relieve() {
        guard (now / 500_000) % 6 == 0 else { return }
        for (host, server) in servers.enumerated() {
            guard case .leading(let epoch) = server.replica?.currentRole else { continue }
            if servers.contains(where: { $0.disk?.acceptedEpoch ?? .zero > epoch }) {
                count("relieved")
                crash(host)
            }
        }
    }
}
