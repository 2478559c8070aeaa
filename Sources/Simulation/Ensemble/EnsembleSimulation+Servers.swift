import Jute
import Quorum
import Records
import ServerCore
import Storage

// How the simulation drives its replicas.

extension EnsembleSimulation {
    /// Starts a server over what its file system holds.
    func start(_ host: Int) {
        let server = servers[host]
        guard server.replica == nil, !server.isRetired else { return }
        // An operator has made room.
        server.fileSystem.capacity = nil
        if let powerGoesAt, !isCalm, random.chance(1, in: 2) {
            server.fileSystem.losePower(at: powerGoesAt)
        }
        do throws(StorageError) {
            // The files are the server's own: with a server in it, this would keep both for ever.
            server.fileSystem.activity = .starting
            try server.files.start(newest: newestMembership) { [weak self] level, text in
                self?.trace { "\(host + 1) \(text)" }
                if level == .error { self?.servers[host].forgetsMembers = true }
            }
            // What a server that joins has learned from others is not in its files.
            if server.files.committed.version == 0 || server.forgetsMembers {
                server.newestInForce = server.files.committed.version
                server.forgetsMembers = false
            }
            let disk = try SimulatedReplicaDisk(
                server.fileSystem, server: server.id, durable: server.durable,
                isNew: !server.hasLostData, preallocationMax: preallocationMax,
                checker: storageChecker)
            server.membership = server.files.committed
            server.proposed = server.files.proposed
            let replica = Replica(
                settings: settings(of: server), disk: disk, seed: random.next(), now: moment(host))
            server.life += 1
            server.disk = disk
            server.replica = replica
            trace { "\(server.id) starts" }
            network.listen(host: host, port: EnsembleSimulation.electionPort, true)
            network.listen(host: host, port: EnsembleSimulation.clientPort, true)
            replica.start(moment(host))
            let takesSnapshot =
                snapshotsAtStart && random.chance(1, in: 2) || server.takesSnapshotAtStart
            server.takesSnapshotAtStart = false
            if takesSnapshot, replica.currentRole != .failed {
                disk.takeSnapshot(replica.databaseImage)
            }
            perform(host)
        } catch {
            guard server.fileSystem.isPowerless || server.mayEnd else {
                return fail("server \(server.id) does not start: \(error)")
            }
            server.mayEnd = false
            server.fileSystem.crash(seed: random.next())
            queue.schedule(.start(host: host), at: now + 100_000)
        }
    }

    private func settings(of server: SimulatedServer) -> ReplicaSettings {
        var quorum = QuorumSettings(
            myID: server.id, tickTime: EnsembleSimulation.tickTime, connectTimeout: 400)
        quorum.committedLogCountMax = 20
        quorum.bootstrapPatience = 300
        quorum.snapshotSizeFactor = seed % 4 == 0 ? 0.33 : 0
        quorum.observerMasterPort = seed % 3 == 1 ? UInt16(EnsembleSimulation.observersPort) : nil
        quorum.observersKeepLog = observersKeepLog
        quorum.reconfigEnabled = isReconfiguring
        var settings = ReplicaSettings(
            server: server.id, quorum: quorum, membership: server.files.committed)
        settings.reconfigEnabled = isReconfiguring
        settings.standaloneEnabled = false
        settings.access.skipsACLs = true
        settings.lastSeenMembership = server.files.proposed
        settings.tickTimeMilliseconds = Int32(EnsembleSimulation.tickTime)
        settings.snapshotTransactionCount = snapshotTransactionCount
        return settings
    }

    /// Ends a server at once, and the power of its disk with it.
    func crash(_ host: Int) {
        guard servers[host].replica != nil else { return }
        trace { "\(servers[host].id) crashes" }
        count("crash")
        servers[host].stop()
        echo.forget(host)
        servers[host].fileSystem.crash(seed: random.next())
        network.crash(host: host, silently: random.chance(1, in: 5), now: now)
        queue.schedule(.start(host: host), at: now + random.number(1000...1_500_000))
    }

    func deliverToServer(
        _ event: SimulatedNetwork.Event, at end: SimulatedNetwork.End, to host: Int
    ) {
        let server = servers[host]
        guard let replica = server.replica else { return }
        let time = moment(host)
        if case .accepted(let port) = event {
            accepted(end, port: port, host)
        } else if let id = server.clients[end] {
            receivedFromClient(event, id, host)
            perform(host)
            checkAdmission(id, end, host)
            return
        } else if let link = server.links[end] {
            trace { "\(server.id) link \(link): \(event.name)" }
            switch (event, server.quorumLinks.contains(link)) {
            case (.accepted, _): break
            case (.dialed, true): replica.quorumDialed(link, time)
            case (.dialed, false): replica.electionDialed(link, time)
            case (.dialFailed, let isQuorum):
                server.disconnect(link)
                if isQuorum {
                    replica.quorumDialFailed(link, time)
                } else {
                    replica.electionDialFailed(link, time)
                }
            case (.received(let bytes), true):
                replica.quorumReceived(link, bytes.rawSpan, time)
            case (.received(let bytes), false):
                replica.electionReceived(link, bytes.rawSpan, time)
            case (.closed, let isQuorum):
                server.disconnect(link)
                if isQuorum {
                    replica.quorumClosed(link, time)
                } else {
                    replica.electionClosed(link, time)
                }
            }
        }
        perform(host)
    }

    private func accepted(_ end: SimulatedNetwork.End, port: Int, _ host: Int) {
        let server = servers[host]
        guard let replica = server.replica else { return }
        let time = moment(host)
        if port == EnsembleSimulation.clientPort {
            server.lastConnection += 1
            let id = ConnectionID(server.lastConnection)
            guard replica.clientConnected(id, address: [10, 0, 0, 1], port: 1, time) else {
                network.close(end, now: now)
                return
            }
            server.clientEnds[id] = end
            server.clients[end] = id
            server.unread[id] = []
            return
        }
        let link = replica.newLink()
        let isQuorum = port != EnsembleSimulation.electionPort
        server.connect(link, end, isQuorum: isQuorum)
        if isQuorum {
            replica.quorumAccepted(link, time)
        } else {
            replica.electionAccepted(link, time)
        }
    }

    private func receivedFromClient(
        _ event: SimulatedNetwork.Event, _ id: ConnectionID, _ host: Int
    ) {
        switch event {
        case .received(let bytes):
            servers[host].unread[id]? += bytes
            feed(id, host)
        case .closed:
            servers[host].disconnect(id)
            servers[host].replica?.clientClosed(id, moment(host))
        case .accepted, .dialed, .dialFailed: break
        }
    }

    private func feed(_ id: ConnectionID, _ host: Int) {
        let server = servers[host]
        guard let bytes = server.unread[id], !bytes.isEmpty, !server.paused.contains(id) else {
            return
        }
        let consumed =
            server.replica?.clientReceived(id, bytes.rawSpan, moment(host)) ?? bytes.count
        server.unread[id]?.removeFirst(consumed)
        // It leaves requests unread when it owes enough; what it owes is sent next.
        if consumed > 0, consumed < bytes.count, server.replica?.hasEffects == true {
            perform(host)
            feed(id, host)
        }
    }

    // MARK: What replicas want

    /// Performs what a replica wants until it wants nothing more.
    func perform(_ host: Int) {
        let server = servers[host]
        while let replica = server.replica, replica.hasEffects {
            replica.drainOutput { id, bytes in
                if let end = server.clientEnds[id] {
                    network.send(end, Array(copying: bytes), now: now)
                }
            }
            for effect in replica.takeEffects() {
                if let doom = server.doom {
                    if doom == 0 { return crash(host) }
                    server.doom = doom - 1
                }
                perform(effect, host)
                if server.replica == nil || failure != nil { return }
            }
        }
        guard let replica = server.replica, let disk = server.disk else { return }
        look(at: replica, host)
        // A disk that failed once and does not any more is no excuse.
        if server.mayEnd, !server.fileSystem.mayFail { server.mayEnd = false }
        if disk.takeUnreportedChunks() > 0 {
            replica.snapshotChunkWritten(moment(host))
            perform(host)
            return
        }
        beginSync(host)
        guard let deadline = replica.nextDeadline else { return }
        let time = max(server.clock.time(of: deadline), now)
        if let timer = server.timer, timer <= time { return }
        server.timer = time
        queue.schedule(.deadline(host: host, life: server.life), at: time)
    }

    private func perform(_ effect: ReplicaEffect, _ host: Int) {
        let server = servers[host]
        switch effect {
        case .closeClient(let id):
            if let end = server.clientEnds[id] { network.close(end, now: now) }
            server.disconnect(id)
        case .pauseReading(let id): server.paused.insert(id)
        case .resumeReading(let id):
            server.paused.remove(id)
            feed(id, host)
        case .electionDial(let link, let endpoint):
            dial(host, link, endpoint, port: EnsembleSimulation.electionPort)
        case .quorumDial(let link, let endpoint):
            let isLeader = endpoint.port != UInt16(EnsembleSimulation.observersPort)
            count(isLeader ? "leader dialed" : "observer master dialed")
            dial(
                host, link, endpoint,
                port: isLeader
                    ? EnsembleSimulation.quorumPort : EnsembleSimulation.observersPort)
        case .electionSend(let link, let bytes):
            trace { "\(server.id) says \(QuorumTranscript.describeVotes(bytes)) on link \(link)" }
            guard let end = server.ends[link] else { return }
            let to = network.host(at: end.opposite)
            for frame in echo.frames(bytes, on: end, from: host, to: to) {
                network.send(end, frame, now: now)
            }
        case .quorumSend(let link, let bytes):
            guard let end = server.ends[link] else { return }
            trace { "\(server.id) says \(QuorumTranscript.describe(bytes)) on link \(link)" }
            check(bytes, end, host)
            if let word = lastWord, QuorumTranscript.holds(word.kind, bytes) {
                count("broken off")
                lastWord = nil
                server.doom = word.effects
            }
            if latecomer != nil { greet(bytes, end, from: host) }
            network.send(end, bytes, now: now)
        case .electionClose(let link), .quorumClose(let link):
            if let end = server.ends[link] { network.close(end, now: now) }
            server.disconnect(link)
        case .quorumListen(let isOn):
            network.listen(host: host, port: EnsembleSimulation.quorumPort, isOn)
        case .observersListen(let isOn):
            network.listen(host: host, port: EnsembleSimulation.observersPort, isOn)
        case .readLog(let link, let start, let end, let bytesMax):
            server.disk?.readings[link] = .init(after: start, through: end, bytesMax: bytesMax)
            scheduleLogRead(host, link)
        case .readMoreLog(let link): scheduleLogRead(host, link)
        case .stopReadingLog(let link): server.disk?.readings[link] = nil
        case .membershipProposed(let membership):
            server.fileSystem.activity = .reconfiguring
            server.files.proposed(membership)
            server.fileSystem.activity = nil
            server.proposed = membership
        case .membershipCommitted(let membership):
            server.fileSystem.activity = .reconfiguring
            server.forgetsMembers = false
            do throws(StorageError) {
                try server.files.committed(membership)
            } catch {
                server.replica?.diskFailed(error, moment(host))
            }
            server.fileSystem.activity = nil
            noteInForce(membership, host)
        case .log(let level, let text):
            trace { "\(server.id) \(text)" }
            if level >= .error { count("error logged") }
        case .fatal(let code, let reason): endedItself(host, code, reason)
        }
    }

    private func endedItself(_ host: Int, _ code: Int32, _ reason: String) {
        let server = servers[host]
        // The power may go at any change of the disk; that is no failure of the server.
        let isOfDisk = code == StorageError.exitCode
        if server.fileSystem.isPowerless || isOfDisk && server.mayEnd {
            crash(host)
        } else if isOfDisk && server.isDecaying {
            replaceDisk(host)
        } else {
            fail("server \(server.id) ends itself: \(reason)")
        }
    }

    private func dial(_ host: Int, _ link: LinkID, _ endpoint: Endpoint, port: Int) {
        trace {
            "\(servers[host].id) dials \(endpoint), link \(link)"
        }
        let end = network.dial(
            from: host, to: EnsembleSimulation.index(of: endpoint.host),
            port: port, now: now)
        servers[host].connect(
            link, end, isQuorum: port != EnsembleSimulation.electionPort)
    }

    private func beginSync(_ host: Int) {
        let server = servers[host]
        guard let disk = server.disk, !server.isSyncing, disk.queuedCount > 0 else { return }
        server.isSyncing = true
        queue.schedule(
            .synced(host: host, life: server.life, count: disk.queuedCount),
            at: now + random.number(server.syncTime))
    }

    func synced(_ host: Int, _ life: Int, _ count: Int) {
        let server = servers[host]
        guard server.life == life, let disk = server.disk else { return }
        server.isSyncing = false
        do throws(StorageError) {
            if let zxid = try disk.sync(count) {
                server.replica?.logged(through: zxid, moment(host))
                // Who waits is told before the log is made longer.
                perform(host)
            }
            guard server.replica != nil else { return }
            try disk.prepareAhead()
        } catch {
            server.replica?.diskFailed(error, moment(host))
        }
        perform(host)
    }
}
