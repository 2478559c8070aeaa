// Servers that somebody else starts and stops: Apache ZooKeeper's, or ours under some other care.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records

/// An ensemble of which only the members are changed.
///
/// Of a server it is known whether it answers. One that is to join and does not is waited for, and
/// what to start it from is said; one that has left is somebody else's to stop. In a roll the members
/// stay as they are, and servers are restarted by a command or a person.
final class ExternalRuntime: ChangeRuntime {
    let addresses: ConnectString
    let credential: OperatorCredential?
    /// Whether every participant said of itself that it is one of ours.
    private(set) var canHandOver = false
    private let wanted: EnsembleSpec
    private let goal: Membership
    private let roll: ExternalRoll?
    private let specFile: String
    private let tell: (String) -> Void
    /// Joiners that somebody was asked to start.
    private var asked: Set<ServerID> = []
    /// Who was a member at some moment, with where it was.
    private var known: [ServerID: Member] = [:]
    /// Who has left, and may be stopped for all that is known.
    private var released: Set<ServerID> = []

    init(
        _ wanted: EnsembleSpec, _ credential: OperatorCredential?,
        rolling roll: ExternalRoll? = nil, spec specFile: String = "SPEC",
        tell: @escaping (String) -> Void
    ) throws {
        self.wanted = wanted
        self.credential = credential
        self.roll = roll
        self.specFile = specFile
        self.tell = tell
        goal = try wanted.membership()
        addresses = try ConnectString(of: wanted.servers, in: wanted)
    }

    var status: String { "aviary status \(specFile)" }

    func begin() throws { try roll?.begin() }
    func end() { roll?.end() }
    func finish() throws {}

    func look(committed: Membership?, confirmed: Int64?) -> EnsembleView {
        var all = Dictionary(uniqueKeysWithValues: goal.members.map { ($0.id, $0) })
        for member in committed?.members ?? [] {
            all[member.id] = member
            known[member.id] = member
            released.remove(member.id)
        }
        // Who leaves is of concern until it may be stopped.
        for (id, member) in known where all[id] == nil && !released.contains(id) {
            all[id] = member
        }
        let members = all.values.sorted { $0.id < $1.id }
        let places = members.map { place(of: $0) }
        let summaries = ServerPlace.summaries(places)
        canHandOver = zip(members, summaries).allSatisfy { member, summary in
            committed?.isVoter(member.id) != true || summary.version?.contains("aviary") ?? false
        }
        var view = EnsembleView(
            committed: committed,
            servers: zip(members, summaries).map { member, summary in
                let mode = ObservedServer.Mode(summary)
                // A member that does not answer may run all the same: it is waited for.
                let isMember = committed.map { $0.member(member.id) != nil } ?? true
                let hasLeft = !isMember && goal.member(member.id) == nil
                var server = ObservedServer(
                    id: member.id, isRunning: isMember || hasLeft || mode != nil, mode: mode,
                    files: isMember ? .member : hasLeft ? .former : .joiner,
                    isCurrent: roll.map { !$0.left.contains(member.id.number) } ?? true)
                server.isElsewhere = true
                return server
            }, confirmedVersion: confirmed)
        view.judge(places, summaries)
        return view
    }

    /// Where it is asked; a static configuration may leave the clients' port to each server's own
    /// file.
    private func place(of member: Member) -> ServerPlace {
        var member = member
        member.client = member.client ?? goal.member(member.id)?.client
        return ServerPlace(member)
    }

    func keep(_ view: EnsembleView) throws {
        if roll != nil, let committed = view.committed { try checkMembers(committed) }
    }

    /// A roll changes no members, so that it must not begin, or go on, with others than the spec's.
    private func checkMembers(_ committed: Membership) throws {
        let wanted = ChangeGoal(members: goal).adoptingClientHosts(of: committed).members
        let isHierarchical = wanted.isHierarchical || committed.isHierarchical
        let isSame =
            wanted.members == committed.members
            && (!isHierarchical
                || wanted.groups == committed.groups && wanted.weights == committed.weights)
        guard !isSame else { return }
        throw EnsembleError(
            .failed,
            "the members are not those in the spec, and a roll changes none: 'aviary plan \(specFile)' shows "
                + "what is different, 'aviary apply \(specFile)' changes the ensemble, 'aviary import "
                + "HOST:PORT --out \(specFile)' the spec")
    }

    func perform(_ step: ChangeStep, _ view: EnsembleView) throws -> Bool {
        guard let committed = view.committed else { return false }
        switch step {
        case .startJoiner:
            askForJoiners(committed, view)
            return false
        case .stop(let id):
            tell("server \(id) is no member any more, and can be stopped")
            released.insert(id)
            return true
        case .restart(let id):
            guard let roll, let member = committed.member(id) else { return false }
            try roll.restart(member, at: place(of: member), step, view)
            return true
        default: return false
        }
    }

    /// Says how to start whoever is to join and does not answer: all of them at once, since a person
    /// takes his time.
    private func askForJoiners(_ committed: Membership, _ view: EnsembleView) {
        for server in wanted.servers {
            let id = ServerID(Int64(server.id))
            guard committed.member(id) == nil, !view.isRunning(id), asked.insert(id).inserted
            else { continue }
            let lines = ServerFolder.lines(toJoin: committed, server)
            tell(
                "start server \(id) now, with reconfigEnabled=true, standaloneEnabled=false and these "
                    + "members, among which it is an observer:\n"
                    + lines.map { "  \($0)" }.joined(separator: "\n"))
        }
    }

    func missing(_ id: ServerID, _ limit: String) -> EnsembleError {
        let (place, remedy) = standing(of: id)
        if let roll { return roll.missing(id, place, limit) }
        return EnsembleError(
            .failed,
            "server \(id)\(place) is not in step with the leader \(limit). Nothing more is changed. "
                + "\(remedy.prefix(1).uppercased())\(remedy.dropFirst()); the same again goes on")
    }

    func standing(of id: ServerID) -> (place: String, remedy: String) {
        let place = (known[id] ?? goal.member(id)).map { self.place(of: $0) }
        let remedy: String
        switch place.flatMap({ ServerPlace.ask("srvr", [$0])[0] }).map({ ServerSummary($0) }) {
        case nil where asked.contains(id):
            remedy = "nobody answers there: start it from the members above"
        case nil:
            remedy =
                "nobody answers there: see to it that it runs, and that its "
                + "4lw.commands.whitelist has srvr"
        case let summary? where summary.mode == nil:
            remedy = "it runs, and follows nobody: its log says why"
        case _?: remedy = "it catches up: a larger --timeout waits for it"
        }
        return (place.map { " at \($0.text)" } ?? "", remedy)
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

    func advice(about step: ChangeStep) -> String {
        "aviary status \(specFile); the log of a server says why it does not follow. To go on: "
            + (roll?.resume ?? "the same again")
    }
}
