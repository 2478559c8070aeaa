// Servers that somebody else starts and stops: Apache ZooKeeper's, or ours under some other care.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records

/// An ensemble of which only the members are changed.
///
/// Of a server it is known whether it answers. One that is to join and does not is waited for, and
/// what to start it from is said; one that has left is somebody else's to stop.
final class ExternalRuntime: ChangeRuntime {
    let addresses: ConnectString
    let credential: OperatorCredential?
    private let wanted: EnsembleSpec
    private let goal: Membership
    private let tell: (String) -> Void
    private var asked: Set<ServerID> = []
    private var members: [ServerID]?

    init(
        _ wanted: EnsembleSpec, _ credential: OperatorCredential?, tell: @escaping (String) -> Void
    ) throws {
        self.wanted = wanted
        self.credential = credential
        self.tell = tell
        goal = try wanted.membership()
        addresses = try ConnectString(of: wanted.servers, in: wanted)
    }

    func begin() throws {}
    func end() {}
    func finish() throws {}

    func look(committed: Membership?, confirmed: Int64?) -> EnsembleView {
        var all = Dictionary(uniqueKeysWithValues: goal.members.map { ($0.id, $0) })
        for member in committed?.members ?? [] { all[member.id] = member }
        let places = all.values.sorted { $0.id < $1.id }.map { member in
            // A static configuration may leave the clients' port to each server's own file.
            let client = member.client ?? goal.member(member.id)?.client
            return ServerPlace(
                host: member.quorum.host.description, port: Int(client?.port ?? 0))
        }
        let summaries = ServerPlace.summaries(places)
        var view = EnsembleView(
            committed: committed,
            servers: zip(all.keys.sorted(), summaries).map { id, summary in
                let mode = ObservedServer.Mode(summary)
                // A member that does not answer may run all the same: it is waited for.
                let isMember = committed.map { $0.member(id) != nil } ?? true
                return ObservedServer(
                    id: id, isRunning: isMember || mode != nil, mode: mode,
                    files: isMember ? .member : .joiner)
            }, confirmedVersion: confirmed)
        view.judge(places, summaries)
        return view
    }

    /// Says who may be stopped now.
    func keep(_ view: EnsembleView) throws {
        let now = view.committed.map { $0.members.map(\.id) }
        for id in members ?? [] where now.map({ !$0.contains(id) }) ?? false {
            tell("server \(id) is no member any more, and can be stopped")
        }
        members = now ?? members
    }

    func perform(_ step: ChangeStep, _ view: EnsembleView) throws -> Bool {
        guard case .startJoiner(let id) = step, let committed = view.committed,
            let server = wanted.servers.first(where: { $0.id == id.number }),
            asked.insert(id).inserted
        else { return false }
        let lines = ServerFolder.lines(toJoin: committed, server)
        tell(
            "start server \(id) now, with reconfigEnabled=true, standaloneEnabled=false and these "
                + "members, among which it is an observer:\n"
                + lines.map { "  \($0)" }.joined(separator: "\n"))
        return false
    }

    func missing(_ id: ServerID, _ limit: String) -> EnsembleError {
        let place = goal.member(id)?.client.map { ":\($0.port)" } ?? ""
        let host = goal.member(id)?.quorum.host.description ?? "its host"
        return EnsembleError(
            .failed,
            "server \(id) at \(host)\(place) is not in step with the leader \(limit). Nothing more "
                + "is changed. See to it that it runs, and that 4lw.commands.whitelist of every "
                + "server has srvr; then aviary apply SPEC again")
    }

    func refused(_ code: ErrorCode, _ step: ChangeStep) -> EnsembleError {
        let text =
            switch code {
            case .noAuth:
                "the servers do not let this session change their members. Name a file with "
                    + "user:password of who may: --credential FILE"
            case .reconfigDisabled, .unimplemented:
                "the servers run with reconfigEnabled=false, so their members cannot be changed"
            default: "the leader refuses to \(step.text): its log says why"
            }
        return EnsembleError(.failed, text)
    }
}
