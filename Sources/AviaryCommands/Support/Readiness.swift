import AviaryEnsemble

/// The time between the start of servers and their being ready, or the reasons why they are not.
struct Readiness {
    private let ensemble: LocalEnsemble
    private let started: [Int]
    private let begun: Double
    private let isDetached: Bool

    /// `started` are the servers to stop again if it comes to nothing.
    init(_ ensemble: LocalEnsemble, _ started: [Int], since begun: Double, isDetached: Bool) {
        self.ensemble = ensemble
        self.started = started
        self.begun = begun
        self.isDetached = isDetached
    }

    /// Returns when the ensemble is ready, having shown it.
    func await(seconds: Double, _ interruption: Interruption, _ output: OutputOptions) throws {
        var progress = Progress(since: begun)
        var hasLost = false
        let isReady = ensemble.wait(seconds: seconds) {
            $0.isReady
        } while: { status in
            LocalEnsemble.reap()
            let serving = status.servers.count { $0.mode != nil }
            progress.update("starting, \(serving) of \(status.servers.count) serving")
            hasLost = status.servers.contains { $0.pid == nil && started.contains($0.id) }
            return !hasLost && !interruption.hasCome
        }
        progress.finish()
        if !isReady, interruption.hasCome {
            _ = try? ensemble.stop(started)
            throw Complaint(
                "interrupted, and what was started is stopped again; 'aviary up' goes on",
                .interrupted)
        }
        let status = ensemble.status()
        if isReady { return show(status, output) }
        if hasLost { throw lost(status) }
        throw late(status, seconds)
    }

    /// Edits of the spec that servers which run know nothing of.
    private var left: [SpecDifference] { ensemble.resumption?.left ?? [] }

    private func show(_ status: EnsembleStatus, _ output: OutputOptions) {
        let milliseconds = Int((LocalEnsemble.seconds() - begun) * 1000)
        let addresses = status.servers.map(\.clientAddress).joined(separator: ",")
        output.show(
            status.json().adding([
                JSONValue.Field("milliseconds", .integer(milliseconds)),
                JSONValue.Field("connect", .string(addresses)),
                JSONValue.Field("leftToApply", .list(left.map { .string($0.text) })),
            ]),
            StatusTable(status).text(width: Program.size?.width, isColoured: Program.isColoured)
                + "\n\n\(status.name) is ready in \(milliseconds) ms; clients connect to \(addresses)"
        )
    }

    /// A server that ends at once will end again: nothing is gained by leaving the others.
    private func lost(_ status: EnsembleStatus) -> Complaint {
        let ended = zip(ensemble.servers, status.servers).filter {
            $1.pid == nil && started.contains($1.id)
        }
        for (server, _) in ended {
            Program.note("server \(server.server.id): \(MergedLog.reason(of: server))")
        }
        _ = try? ensemble.stop(started)
        let path = ended.first?.0.logPath ?? ensemble.folder.path
        return Complaint(
            "\(ended.count) of \(status.servers.count) servers of \(status.name) ended at once, so "
                + "the others are stopped as well. Their reasons are above, and their logs in "
                + "\(path); mend them and type 'aviary up' again")
    }

    private func late(_ status: EnsembleStatus, _ seconds: Double) -> Complaint {
        for (server, row) in zip(ensemble.servers, status.servers) where row.mode == nil {
            Program.note("server \(row.id): \(MergedLog.reason(of: server))")
        }
        let missing = status.missing ?? "it has only just become so"
        if !isDetached { _ = try? ensemble.stop(started) }
        return Complaint(
            "\(status.name) is not ready after \(Int(seconds)) s: \(missing). "
                + (isDetached
                    ? "Its servers go on: 'aviary wait' waits longer, 'aviary down' stops them"
                    : "Its servers are stopped; 'aviary logs' shows what they said, "
                        + "'aviary up --timeout SECONDS' waits longer"),
            .unreachable)
    }
}
