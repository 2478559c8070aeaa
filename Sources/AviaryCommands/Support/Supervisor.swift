import AviaryEnsemble

/// Shows the logs of an ensemble in the foreground, restarts what dies, and stops all at the end.
struct Supervisor {
    private var ensemble: LocalEnsemble
    private var log: MergedLog
    private var attempts: [Int: Int] = [:]
    private var restartAt: [Int: Double] = [:]

    init(_ ensemble: LocalEnsemble) {
        self.ensemble = ensemble
        self.log = MergedLog(ensemble.servers, isColoured: Program.isColoured, fromStart: false)
    }

    /// Returns when a signal has stopped everything, or somebody else has ('aviary down').
    ///
    /// - Throws: why servers go on that were to be stopped.
    func run(until interruption: Interruption) throws {
        var running = self
        while !interruption.wait(milliseconds: 50) {
            running.showLog()
            if running.ensemble.folder.isGone {
                Program.note("\(running.ensemble.folder.name) was removed from elsewhere")
                return
            }
            running.followChange()
            running.revive()
            if running.isAllStopped {
                Program.note("all servers were stopped from elsewhere")
                return
            }
        }
        Program.note("stopping \(running.ensemble.servers.count) servers")
        try running.stop()
        running.showLog()
    }

    private func stop() throws {
        var progress = Progress()
        defer { progress.finish() }
        do {
            try ensemble.folder.exclusively(for: "up") {
                _ = try ensemble.stop { left in
                    progress.update("stopping, \(left) still running")
                    return true
                }
            }
        } catch {
            throw Complaint(
                "not all is stopped: \(Complaint(error)?.description ?? String(describing: error)). "
                    + "'aviary status' shows what runs, 'aviary down' stops it",
                Complaint(error)?.status ?? .failed)
        }
    }

    private mutating func showLog() {
        for line in log.newLines() { print(line.text) }
        Program.flush()
    }

    private var isAllStopped: Bool {
        ensemble.servers.allSatisfy {
            ensemble.isMeantToBeStopped($0) && ServerProcess($0).pid == nil
        }
    }

    /// Servers that have joined are watched over from then on, and former ones no more.
    private mutating func followChange() {
        let before = ensemble.servers.map(\.server.id)
        guard ensemble.refresh(), ensemble.servers.map(\.server.id) != before else { return }
        log = MergedLog(ensemble.servers, isColoured: Program.isColoured, fromStart: false)
    }

    /// A server that has died is started again, at first soon and then less and less so.
    private mutating func revive() {
        LocalEnsemble.reap()
        guard !ensemble.isChanging else { return }
        let now = LocalEnsemble.seconds()
        for server in ensemble.servers where ServerProcess(server).pid == nil {
            let id = server.server.id
            if ensemble.isMeantToBeStopped(server) {
                restartAt[id] = nil
                continue
            }
            guard let time = restartAt[id] else {
                let attempt = attempts[id, default: 0]
                attempts[id] = attempt + 1
                let wait = min(30, 0.2 * Double(1 << min(attempt, 8)))
                restartAt[id] = now + wait
                Program.note(
                    "server \(id) has ended (\(MergedLog.reason(of: server))); starting it again "
                        + "in \(wait) s")
                continue
            }
            guard now >= time else { continue }
            restartAt[id] = nil
            do {
                try ensemble.folder.exclusively(for: "up") {
                    // Somebody may have stopped it while this waited for its turn.
                    guard !ensemble.isMeantToBeStopped(server) else { return }
                    _ = try ensemble.start(id)
                }
            } catch {
                Program.note(
                    "aviary: \(Complaint(error)?.description ?? String(describing: error))")
            }
        }
    }
}
