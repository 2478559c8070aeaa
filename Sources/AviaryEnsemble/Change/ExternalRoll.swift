// A roll of servers that somebody else has started: who is next, and how it restarts.

internal import Records

/// Servers that are to restart, one after the other.
///
/// The order, the margin before each and the wait behind it are those of every change; here is only
/// how one of them restarts, and how that is seen. Nothing is kept but a lock: what is left of a roll
/// that was killed are the ids that it had not come to.
public final class ExternalRoll {
    /// Who restarts a server.
    public enum Means: Equatable, Sendable {
        /// A command of the shell, with `AVIARY_ID`, `AVIARY_HOST` and `AVIARY_CLIENT` in its
        /// environment.
        case command(String)
        /// Somebody who reads what is asked for, and takes the time it takes.
        case person
    }

    let spec: EnsembleSpec
    private let means: Means
    private let seconds: Double
    private let home: String
    private var lock: RollLock?
    private let again: ([Int]) -> String
    private var specFile = "SPEC"
    private var isInterrupted: () -> Bool = { false }
    private var tell: (ChangeProgress) -> Void = { _ in }
    /// Who has not restarted yet, ascending.
    public private(set) var left: [Int]

    private var restarted: Set<ServerID> = []

    /// These servers, or all; each has so many seconds to be gone and back.
    ///
    /// `again` is what to type for the rest of them.
    public init(
        _ spec: EnsembleSpec, _ ids: [Int], by means: Means, seconds: Double, home: EnsembleHome,
        again: @escaping ([Int]) -> String
    ) throws(EnsembleError) {
        let known = spec.servers.map(\.id)
        if let unknown = ids.first(where: { !known.contains($0) }) {
            throw EnsembleError(
                .misused,
                "there is no server \(unknown) in \(spec.name), only "
                    + known.map(String.init).joined(separator: ", "))
        }
        self.spec = spec
        self.means = means
        self.seconds = seconds
        self.home = home.path
        self.again = again
        left = known.filter { ids.isEmpty || ids.contains($0) }
    }

    /// How it is interrupted, and whom it tells what is awaited.
    func prepare(_ settings: ChangeApplier.Settings) {
        isInterrupted = settings.isInterrupted
        tell = settings.tell
        specFile = settings.specFile
    }

    /// Nobody else rolls this ensemble from here meanwhile.
    func begin() throws {
        let begun = LocalEnsemble.seconds()
        var isSaid = false
        lock = try RollLock(spec.name, in: home, seconds: seconds) {
            if isInterrupted() { throw ChangeApplier.Interruption() }
            guard !isSaid, LocalEnsemble.seconds() - begun > 0.5 else { return }
            isSaid = true
            tell(
                .note(
                    "another roll of \(spec.name) is under way on this machine, or the last command of "
                        + "one that was killed: waiting for its end"))
        }
    }

    func end() { lock = nil }

    /// What to type for the servers that are left.
    var resume: String { again(left) }

    /// Has a server restarted, and comes back when it was seen gone.
    func restart(
        _ member: Member, at place: ServerPlace, _ step: ChangeStep, _ view: EnsembleView
    ) throws {
        let watch = RestartWatch(place)
        defer { watch.end() }
        let begun = LocalEnsemble.seconds()
        switch means {
        case .command(let command):
            // A command that is under way is seen to its end.
            try run(command, member, place) { tell(.awaiting(step, lag: nil)) }
            while !watch.hasSeenRestart {
                guard LocalEnsemble.seconds() - begun < seconds else {
                    throw unmoved(member.id, place)
                }
                if isInterrupted() { throw ChangeApplier.Interruption() }
                tell(.awaiting(step, lag: nil))
                LocalEnsemble.sleep(milliseconds: 10)
            }
        case .person:
            let role = view.server(member.id)?.mode.map { ", which is \($0.phrase)" } ?? ""
            tell(
                .note(
                    "restart server \(member.id) now\(role), on \(member.quorum.host) (clients at "
                        + "\(place.text)); this waits until it has gone and come back. Ctrl-C: not now"
                ))
            while !watch.hasSeenRestart {
                if isInterrupted() { throw ChangeApplier.Interruption() }
                tell(.awaiting(step, lag: nil))
                LocalEnsemble.sleep(milliseconds: 20)
            }
        }
        left.removeAll { $0 == member.id.number }
        restarted.insert(member.id)
    }

    private func run(
        _ command: String, _ member: Member, _ place: ServerPlace, tick: () -> Void
    ) throws(EnsembleError) {
        let descriptor = lock?.descriptor ?? -1
        let variables = [
            "AVIARY_ID=\(member.id)", "AVIARY_HOST=\(member.quorum.host)",
            "AVIARY_CLIENT=\(place.text)",
        ]
        let result = ShellCommand.run(
            command, variables, holding: descriptor, seconds: seconds, tick: tick)
        guard result.code != 0 else { return }
        let ending =
            switch result.code {
            case CommandResult.tookTooLong: "has not ended after \(Int(seconds)) s, and was ended"
            case 129...: "was ended by signal \(result.code - 128)"
            default: "ended with exit status \(result.code)"
            }
        throw EnsembleError(
            .failed,
            "the command that was to restart server \(member.id) \(ending)\(said(result)). Nothing more "
                + "is restarted. See how server \(member.id) is; to go on: \(resume)")
    }

    /// The last lines of what a command said.
    private func said(_ result: CommandResult) -> String {
        let lines = result.output.split(separator: "\n").suffix(20).map { "\n  \($0)" }
        return lines.isEmpty ? ", and said nothing" : ":\(lines.joined())\nThat was its output"
    }

    private func unmoved(_ id: ServerID, _ place: ServerPlace) -> EnsembleError {
        EnsembleError(
            .failed,
            "the command ended well, and after \(Int(seconds)) s server \(id) at \(place.text) still "
                + "answers as before: it was not restarted. Nothing more is. See to it that the "
                + "command restarts the server with the id $AVIARY_ID; to go on: \(resume)")
    }

    /// A server that is not in step: one of those that have restarted, or another.
    func missing(_ id: ServerID, _ place: String, _ limit: String) -> EnsembleError {
        let rest =
            left.isEmpty
            ? "aviary plan \(specFile) says when all are in step" : "to go on: \(resume)"
        return EnsembleError(
            .failed,
            "server \(id)\(place) \(restarted.contains(id) ? "has restarted, and " : "")is not in "
                + "step with the leader \(limit). Nothing more is restarted. Its log says why; see to "
                + "it that it runs, from what it ran before if it must be, and that "
                + "4lw.commands.whitelist has srvr; \(rest)")
    }
}

extension ObservedServer.Mode {
    /// "the leader", "a follower", "an observer".
    fileprivate var phrase: String {
        switch self {
        case .leader: "the leader"
        case .follower: "a follower"
        case .observer: "an observer"
        }
    }
}

extension ServerPlace {
    /// As one types it.
    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
