import Jute
import Quorum
import Records

// How the simulation drives its peers: what they hear, and what they want done.

extension QuorumSimulation {
    /// Starts a server over what its disk holds.
    func start(_ host: Int) {
        guard servers[host].peer == nil else { return }
        var settings = QuorumSettings(
            myID: servers[host].member.id, tickTime: QuorumSimulation.tickTime,
            connectTimeout: 400)
        settings.committedLogCountMax = 20
        settings.bootstrapPatience = 300
        settings.snapshotSizeFactor = 0
        let (tree, history) = servers[host].disk.recover(recentMax: 20)
        checker.recovered(servers[host].member.id, tree, fail)
        servers[host].read(tree)
        servers[host].life += 1
        var peer = QuorumPeer(
            settings: settings, membership: membership, history: history, seed: random.next())
        network.listen(host: host, port: QuorumSimulation.electionPort, true)
        trace { "\(settings.myID) starts at \(history.lastLogged)" }
        peer.start(now: time(host))
        servers[host].peer = peer
        perform(host)
    }

    /// Ends a server at once.
    func crash(_ host: Int) {
        guard servers[host].peer != nil else { return }
        trace { "\(servers[host].member.id) crashes" }
        count("crash")
        servers[host].stop()
        echo.forget(host)
        let unsynced = servers[host].disk.unsynced.count
        servers[host].disk.crash(kept: random.number(0...unsynced))
        wipeOnce(host)
        network.crash(host: host, silently: random.chance(1, in: 4), now: now)
        queue.schedule(.start(host: host), at: now + random.number(1000...1_500_000))
    }

    /// Once in a run a server may lose its disk for good, when every other has taken part.
    ///
    /// Were one of them new too, the two could take the ensemble for new while the rest is away:
    /// that is the limit of what servers without data can know.
    private func wipeOnce(_ host: Int) {
        guard !isCalm, counts["wipe"] == nil, random.chance(1, in: 8),
            servers.allSatisfy({ $0.disk.currentEpoch > .zero })
        else { return }
        trace { "\(servers[host].member.id) loses its disk" }
        count("wipe")
        servers[host].lostDisk = servers[host].disk
        servers[host].disk.wipe()
    }

    /// A host hears something of the network.
    func deliver(_ event: SimulatedNetwork.Event, at end: SimulatedNetwork.End, to host: Int) {
        guard servers[host].peer != nil else { return }
        if case .accepted(let port) = event {
            guard let link = servers[host].peer?.newLink() else { return }
            let isQuorum = port == QuorumSimulation.quorumPort
            servers[host].connect(link, end, isQuorum: isQuorum)
            if isQuorum {
                servers[host].peer?.quorumAccepted(link, now: time(host))
            } else {
                servers[host].peer?.electionAccepted(link, now: time(host))
            }
            perform(host)
            return
        }
        guard let link = servers[host].links[end] else { return }
        if servers[host].quorumLinks.contains(link) {
            deliverQuorum(event, link, to: host)
        } else {
            deliverElection(event, link, to: host)
        }
        perform(host)
    }

    private func deliverQuorum(
        _ event: SimulatedNetwork.Event, _ link: LinkID, to host: Int
    ) {
        let time = time(host)
        switch event {
        case .accepted: break
        case .dialed: servers[host].peer?.quorumDialed(link, now: time)
        case .dialFailed:
            servers[host].disconnect(link)
            servers[host].peer?.quorumDialFailed(link, now: time)
        case .received(let bytes):
            servers[host].peer?.quorumReceived(link, bytes.rawSpan, now: time)
        case .closed:
            servers[host].disconnect(link)
            servers[host].peer?.quorumClosed(link, now: time)
        }
    }

    private func deliverElection(
        _ event: SimulatedNetwork.Event, _ link: LinkID, to host: Int
    ) {
        let time = time(host)
        switch event {
        case .accepted: break
        case .dialed: servers[host].peer?.electionDialed(link, now: time)
        case .dialFailed:
            servers[host].disconnect(link)
            servers[host].peer?.electionDialFailed(link, now: time)
        case .received(let bytes):
            servers[host].peer?.electionReceived(link, bytes.rawSpan, now: time)
        case .closed:
            servers[host].disconnect(link)
            servers[host].peer?.electionClosed(link, now: time)
        }
    }

    /// Performs what a peer wants until it wants nothing more, unless it crashes in between.
    func perform(_ host: Int) {
        while let effects = servers[host].peer?.takeEffects(), !effects.isEmpty {
            for effect in effects {
                if !isCalm, options.limits.hasSuddenDeaths, random.chance(suddenDeaths, in: 100_000)
                {
                    crash(host)
                    return
                }
                if let doom = servers[host].doom {
                    if doom == 0 { return crash(host) }
                    servers[host].doom = doom - 1
                }
                perform(effect, host)
                if failure != nil { return }
            }
        }
        if let status = servers[host].peer?.status, status.phase == .election {
            checker.looks(servers[host].member.id, status, servers[host].disk, fail)
        }
        guard let deadline = servers[host].peer?.nextDeadline else { return }
        let time = max(servers[host].clock.time(of: deadline), now)
        if let timer = servers[host].timer, timer <= time { return }
        servers[host].timer = time
        queue.schedule(.deadline(host: host, life: servers[host].life), at: time)
    }

    private func perform(_ effect: QuorumEffect, _ host: Int) {
        trace { "\(servers[host].member.id)   \(short(effect))" }
        switch effect {
        case .electionDial(let link, let server, _):
            dial(host, link, to: server, port: QuorumSimulation.electionPort)
        case .quorumDial(let link, let endpoint):
            dial(
                host, link, to: ServerID(Int64(endpoint.port)),
                port: QuorumSimulation.quorumPort)
        case .electionSend(let link, let bytes):
            guard let end = servers[host].ends[link] else { return }
            let to = network.host(at: end.opposite)
            for frame in echo.frames(bytes, on: end, from: host, to: to) {
                network.send(end, frame, now: now)
            }
        case .quorumSend(let link, let bytes):
            guard let end = servers[host].ends[link] else { return }
            check(bytes, end, host)
            if let word = lastWord, QuorumTranscript.holds(word.kind, bytes) {
                count("broken off")
                lastWord = nil
                servers[host].doom = word.effects
            }
            network.send(end, bytes, now: now)
        case .electionClose(let link), .quorumClose(let link):
            if let end = servers[host].ends[link] { network.close(end, now: now) }
            servers[host].disconnect(link)
        case .quorumListen(let isOn):
            network.listen(host: host, port: QuorumSimulation.quorumPort, isOn)
        case .sendSnapshot(let link, let zxid):
            count("snapshot sent")
            if servers[host].tree.last != zxid, !servers[host].tree.entries.isEmpty {
                fail("a snapshot at \(zxid) of a tree at \(servers[host].tree.last)")
            }
            if let end = servers[host].ends[link] {
                network.send(end, servers[host].tree.stream, now: now)
            }
        default:
            performOnDisk(effect, host)
        }
    }

    private func check(_ bytes: [UInt8], _ end: SimulatedNetwork.End, _ host: Int) {
        guard let to = network.host(at: end.opposite) else { return }
        packetChecker.sent(
            bytes,
            PacketChecker.Link(
                connection: end.connection, from: servers[host].member.id,
                to: servers[to].member.id),
            servers[host].disk.checked, streamsFollow: false, governing: { _ in [membership] },
            copies: nil, fail)
    }

    private func dial(_ host: Int, _ link: LinkID, to server: ServerID, port: Int) {
        guard let other = servers.firstIndex(where: { $0.member.id == server }) else {
            fail("a dial to a server that does not exist")
            return
        }
        let end = network.dial(from: host, to: other, port: port, now: now)
        servers[host].connect(link, end, isQuorum: port == QuorumSimulation.quorumPort)
    }

    /// An effect, with long contents left out.
    private func short(_ effect: QuorumEffect) -> String {
        switch effect {
        case .electionSend(let link, let bytes):
            "electionSend \(link) \(QuorumTranscript.describeVotes(bytes))"
        case .quorumSend(let link, let bytes):
            "quorumSend \(link) \(QuorumTranscript.describe(bytes))"
        case .append(let proposals): "append \(proposals.map(\.zxid))"
        case .deliver(let proposal): "deliver \(proposal.zxid)"
        case .loadSnapshot(let bytes, let zxid): "loadSnapshot \(bytes.count) \(zxid)"
        default: "\(effect)"
        }
    }
}
