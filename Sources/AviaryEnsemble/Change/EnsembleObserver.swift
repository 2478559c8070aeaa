// What is there: the files, the processes, and what the servers say of themselves.

internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// Looks at the servers of an ensemble on this machine, and changes nothing.
struct EnsembleObserver {
    let folder: EnsembleFolder

    /// What is seen now of these servers.
    ///
    /// `record` is who has files, `wanted` how they are to run; where a member listens is for the
    /// committed configuration to say.
    func look(
        record: EnsembleSpec, wanted: EnsembleSpec, committed: Membership?, confirmed: Int64?
    ) -> EnsembleView {
        var places: [Int: Place] = [:]
        let given = folder.given(of: record)
        func place(_ server: ServerSpec, _ spec: EnsembleSpec) {
            places[server.id] = Place(
                ServerFolder(server, of: spec, in: folder.path, given: given))
        }
        for server in wanted.servers { place(server, wanted) }
        let merged = record.adoptingSettings(of: wanted)
        for server in merged.servers {
            place(server, merged)
            let there = wanted.servers.first { $0.id == server.id }
            if let there, Sites.site(of: server, in: merged) !== Sites.site(of: there, in: wanted) {
                places[server.id]?.movesTo = there.host
            }
        }
        for member in committed?.members ?? [] {
            places[Int(member.id.rawValue), default: Place(member)].adopt(member)
        }
        let all = places.sorted { $0.key < $1.key }.map { $0.value }
        let summaries = ServerPlace.summaries(all.map(\.place))
        var view = EnsembleView(
            committed: committed,
            servers: zip(all, summaries).map { place, summary in
                var server = place.observed()
                server.mode = server.isRunning ? .init(summary) : nil
                if server.isRunning, server.mode == nil {
                    server.isPaused = place.files?.isPaused ?? false
                }
                return server
            }, confirmedVersion: confirmed)
        view.judge(all.map(\.place), summaries)
        return view
    }
}

extension EnsembleObserver {
    /// A server's files, and where it listens for clients.
    private struct Place {
        let id: Int
        var place: ServerPlace
        /// Nil if it is somebody else's: a member that no record has.
        let files: ServerFolder?
        var movesTo: String?

        init(_ files: ServerFolder) {
            id = files.server.id
            place = ServerPlace(host: files.clientHost, port: files.server.ports.client)
            self.files = files
        }

        init(_ member: Member) {
            id = Int(member.id.rawValue)
            place = ServerPlace(member)
            files = nil
        }

        mutating func adopt(_ member: Member) {
            place = ServerPlace(member)
            if let host = files?.site.clientHost { place.host = host }
        }

        func observed() -> ObservedServer {
            var server = ObservedServer(
                id: ServerID(Int64(id)), isRunning: false, files: .none)
            guard let files else {
                // Whether it runs only its own launcher knows.
                server.isRunning = true
                return server
            }
            server.isRunning = ServerProcess(files).pid != nil
            server.isUnreachable = !server.isRunning && files.site.problem != nil
            server.movesTo = movesTo
            server.isStoppedOnPurpose = !server.isRunning && files.isStoppedOnPurpose
            server.files = files.state
            // It would refuse to start, whatever its other files say; it can join again.
            if !server.isRunning, server.files == .member, files.isRemoved {
                server.files = .former
            }
            server.pending = files.pendingChanges
            server.isCurrent = server.pending.isEmpty
            return server
        }
    }
}
