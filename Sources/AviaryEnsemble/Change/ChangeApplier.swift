// Carries a change out: looks, decides, takes one step, and looks again.

internal import AviaryClient
internal import Configuration
internal import Records
internal import Storage

/// What a change tells while it goes on.
public enum ChangeProgress: Sendable {
    /// A step begins: its margin, unless nobody knows the configuration, and why it is taken.
    case began(ChangeStep, QuorumMargin?, [SettingChange])
    /// A step is awaited; how many transactions the server is behind, where that is known.
    case awaiting(ChangeStep, lag: Int?)
    /// A step is done, after so many seconds.
    case ended(ChangeStep, seconds: Double)
    /// Something the user should know.
    case note(String)
}

/// What a change came to.
public struct ChangeReport: Sendable {
    /// Steps that were taken.
    public var stepCount: Int
    /// How long all of it took.
    public var seconds: Double
    /// The version of the committed configuration at the end.
    public var version: Int64
    /// What clients felt.
    public var probe: ProbeReport
}

/// A change was interrupted; the ensemble is as healthy as between two steps.
public struct ChangeInterrupted: Error, Sendable {
    /// What was felt until then.
    public var probe: ProbeReport
}

/// Brings a running ensemble on this machine to what is wanted of it.
///
/// It keeps nothing of its own but the wish: who looks again knows what is left to do.
public final class ChangeApplier {
    /// Hand-overs asked for in one change: each needs a successor that keeps up at that moment.
    private static let handOverCountMax = 5
    /// Seconds that a plan waits for somebody who serves to say the configuration.
    private static let planPatience = 10.0

    /// How a change is carried out.
    public struct Settings {
        /// Seconds that a step is awaited at most.
        public var patience = 60.0
        /// Whether a step may be taken that leaves clients without service while it lasts.
        public var isOutageAccepted = false
        /// Members not on record that may leave; nil where a spec has named everybody who stays.
        public var strangersLeaving: [Int]? = []
        /// Asked often; once it says yes, the change ends after its present step.
        public var isInterrupted: () -> Bool = { false }
        /// Who is to lead when the leader gives up its vote, if that leader takes a wish.
        var successor: ServerID?
        /// Whether servers that somebody has stopped on purpose stay so.
        public var leavesStopped = false
        /// The spec in what is to be typed next.
        public var specFile = "SPEC"
        /// Told what goes on.
        public var tell: (ChangeProgress) -> Void = { _ in }

        /// The defaults.
        public init() {}
    }

    private let runtime: any ChangeRuntime
    private var goal: ChangeGoal
    private let settings: Settings
    private let session: EnsembleSession
    private var confirmedVersion: Int64?
    private var stepCount = 0
    private var handOverCount = 0
    /// Whether a step was done: from then on the change is under way, and cannot be refused whole.
    private var hasBegun = false
    private var awaited: (step: ChangeStep, since: Double)?
    /// The step that was done last, and how often in a row.
    private var repeated: (step: ChangeStep, count: Int)?
    /// A step that is done so often, and is still the next one, comes to nothing.
    private static let repetitionCountMax = 10

    /// A change of the ensemble in `folder`, whose servers are processes of this machine.
    public convenience init(
        _ folder: EnsembleFolder, to wanted: EnsembleSpec, binary: String, _ settings: Settings,
        holding lock: HeldChangeLock? = nil
    ) throws {
        let runtime = try LocalRuntime(folder, to: wanted, binary: binary, holding: lock) {
            settings.tell(.note($0))
        }
        try self.init(runtime, to: wanted, settings)
    }

    /// A change of an ensemble whose servers somebody else starts and stops.
    ///
    /// `authentication` is `user:password` of who may change the members; nil where everybody may.
    public convenience init(
        externalTo wanted: EnsembleSpec, authentication: String?, _ settings: Settings
    ) throws {
        let credential = authentication.map { OperatorCredential(authentication: $0) }
        let runtime = try ExternalRuntime(wanted, credential, spec: settings.specFile) {
            settings.tell(.note($0))
        }
        try self.init(runtime, to: wanted, settings)
    }

    /// A restart of servers, one after the other, that somebody else has started.
    ///
    /// Nothing else is changed. `authentication` is `user:password` of who may name another
    /// leader; without it the leader restarts while it leads.
    public convenience init(
        _ roll: ExternalRoll, authentication: String?, _ settings: Settings
    ) throws {
        let credential = authentication.map { OperatorCredential(authentication: $0) }
        let runtime = try ExternalRuntime(
            roll.spec, credential, rolling: roll, spec: settings.specFile
        ) {
            settings.tell(.note($0))
        }
        roll.prepare(settings)
        try self.init(runtime, to: roll.spec, settings)
    }

    init(
        _ runtime: any ChangeRuntime, to wanted: EnsembleSpec, _ settings: Settings
    ) throws {
        self.runtime = runtime
        self.settings = settings
        goal = ChangeGoal(
            members: try wanted.membership(), isOutageAccepted: settings.isOutageAccepted)
        goal.leavesStopped = settings.leavesStopped
        session = EnsembleSession(runtime.addresses, runtime.credential)
    }

    /// What would be done; nil if nobody can say the committed configuration.
    ///
    /// Where servers serve it is asked for again: a loaded machine takes its time over a session.
    public func plan() async -> ChangePlan? {
        let begun = LocalEnsemble.seconds()
        while true {
            let view = await look()
            let plan = ChangePlan.make(view, goal)
            let isLate = LocalEnsemble.seconds() - begun > ChangeApplier.planPatience
            if plan != nil || isLate || view.servers.allSatisfy({ $0.mode == nil }) {
                await session.close()
                return plan
            }
            LocalEnsemble.sleep(milliseconds: 20)
        }
    }

    /// Does it.
    ///
    /// - Throws: ``ChangeInterrupted``, or why it stopped and what to type.
    public func apply() async throws -> ChangeReport {
        do { try runtime.begin() } catch is Interruption {
            throw ChangeInterrupted(probe: ProbeReport())
        }
        defer { runtime.end() }
        let begun = LocalEnsemble.seconds()
        let probe = ClientProbe(runtime.addresses, runtime.credential)
        do {
            let version = try await run()
            await session.close()
            return ChangeReport(
                stepCount: stepCount, seconds: LocalEnsemble.seconds() - begun, version: version,
                probe: await probe.end())
        } catch {
            await session.close()
            let felt = await probe.end()
            if error is Interruption { throw ChangeInterrupted(probe: felt) }
            settings.tell(.note(felt.text))
            throw error
        }
    }

    /// Thrown between two steps, or by a step that waits for a person.
    struct Interruption: Error {}

    private func run() async throws -> Int64 {
        while true {
            if settings.isInterrupted() { throw Interruption() }
            let view = await look()
            try runtime.keep(view)
            try checkStrangers(view)
            var goal = goal
            // Who ignores a wish would go on with the old leader.
            goal.handsOver = goal.handsOver && runtime.canHandOver
            switch ChangePlanner.decide(view, goal) {
            case .done: return try await finish(view)
            case .blocked(let reason, let advice):
                if !hasBegun { try runtime.dropWish() }
                let extent = hasBegun ? "" : "Nothing is changed. "
                throw EnsembleError(
                    .failed, "\(reason). \(extent)Type: \(advice)\(runtime.leftover)")
            case .step(let step): try await take(step, view)
            }
        }
    }

    /// A verb that edits the record says nothing of members that are not on it.
    private func checkStrangers(_ view: EnsembleView) throws {
        guard let leaving = settings.strangersLeaving, let committed = view.committed else {
            return
        }
        let all = runtime.strangers(in: committed).filter { !leaving.contains($0.number) }
        guard let stranger = all.first else { return }
        throw EnsembleError(
            "server \(stranger) is a member and not on record: somebody else has added it, and "
                + "nothing is changed. Type: aviary apply \(settings.specFile), with a spec that names everybody who "
                + "is to stay, or aviary remove \(stranger)")
    }

    /// Looks at everything anew.
    private func look() async -> EnsembleView {
        LocalEnsemble.reap()
        return runtime.look(
            committed: await session.committed(), confirmed: confirmedVersion)
    }

    private func take(_ step: ChangeStep, _ view: EnsembleView) async throws {
        let begun = LocalEnsemble.seconds()
        // Decided first and recorded then: what is refused at once is not wanted later either.
        if stepCount == 0 { try runtime.keepWish() }
        if awaited?.step != step {
            if let awaited { settings.tell(.ended(awaited.step, seconds: begun - awaited.since)) }
            let isLed = view.committed != nil && view.leader != nil
            settings.tell(
                .began(
                    step, isLed ? ChangePlan.margin(of: step, view) : nil,
                    view.reasons(for: step)))
            awaited = (step, begun)
            stepCount += 1
        }
        let isDone = try await perform(step, view)
        guard !isDone else {
            hasBegun = true
            settings.tell(.ended(step, seconds: LocalEnsemble.seconds() - begun))
            awaited = nil
            let count = repeated?.step == step ? (repeated?.count ?? 0) + 1 : 1
            repeated = (step, count)
            guard count < ChangeApplier.repetitionCountMax else {
                throw late(step, "although it was tried \(count) times")
            }
            return
        }
        guard let since = awaited?.since, LocalEnsemble.seconds() - since < settings.patience
        else { throw late(step) }
        settings.tell(.awaiting(step, lag: step.server.flatMap { view.server($0)?.lag }))
        LocalEnsemble.sleep(milliseconds: 20)
    }

    // MARK: Steps

    /// Takes a step; false if it is to be awaited.
    private func perform(_ step: ChangeStep, _ view: EnsembleView) async throws -> Bool {
        switch step {
        case .awaitQuorum, .awaitSync: return false
        case .start, .startJoiner, .stop, .retire, .restart: return try runtime.perform(step, view)
        case .add, .change, .remove, .replaceAll:
            return try await reconfigure(step, view)
        case .handOver(_, let successor):
            await handOver(to: successor, view)
            return true
        case .confirm:
            do { try await session.confirm() } catch { return false }
            confirmedVersion = view.committed?.version
            return true
        }
    }

    /// Lets another server lead; where that cannot be had, the leader restarts as it is.
    private func handOver(to successor: ServerID, _ view: EnsembleView) async {
        handOverCount += 1
        var isTaken: Bool?
        do throws(ZooKeeperError) {
            isTaken = try await session.handOver(
                to: successor, version: view.committed?.version ?? 0)
        } catch {
            // Without the right to it there is no point in another; else it may come.
            if error.code == .noAuth, view.servers.contains(where: \.isOperatorUnknown) {
                // Whoever has restarted with a new credential's digest takes it.
                await session.close()
            } else if [.noAuth, .reconfigDisabled, .unimplemented].contains(error.code) {
                isTaken = false
                settings.tell(
                    .note(
                        "the leader restarts while it leads: \(runtime.refused(error.code, .confirm))"
                    ))
            }
        }
        // Nil: it was not to be had at this moment.
        if isTaken == false || handOverCount >= ChangeApplier.handOverCountMax {
            goal.handsOver = false
        }
        let begun = LocalEnsemble.seconds()
        while isTaken == true, LocalEnsemble.seconds() - begun < 2 {
            if await look().leader != nil { return }
            LocalEnsemble.sleep(milliseconds: 10)
        }
    }

    private func reconfigure(_ step: ChangeStep, _ view: EnsembleView) async throws -> Bool {
        let version = view.committed?.version ?? 0
        do throws(ZooKeeperError) {
            if let successor = settings.successor, case .change(let member) = step,
                member.id == view.leader, member.role == .observer, var next = view.committed
            {
                next.members.removeAll { $0.id == member.id }
                next.members.append(member)
                let isTaken = try await session.handOver(
                    to: successor, members: next, version: version)
                if isTaken { return true }
            }
            try await session.reconfigure(step, version: version)
            return true
        } catch {
            switch error.code {
            case .noAuth, .reconfigDisabled, .badArguments, .unimplemented:
                if !hasBegun { try runtime.dropWish() }
                throw runtime.refused(error.code, step)
            default:
                // Nobody knows whether it happened, or it cannot yet: the next look says more.
                return false
            }
        }
    }

    /// Why a step is not waited for any longer, and what to type.
    private func late(_ step: ChangeStep, _ limit: String? = nil) -> EnsembleError {
        let limit = limit ?? "after \(Int(settings.patience)) s"
        switch step {
        case .start(let id), .startJoiner(let id), .awaitSync(let id):
            return runtime.missing(id, limit)
        case .awaitQuorum:
            return EnsembleError(
                .unreachable,
                "there is no leader \(limit). Type: \(runtime.advice(about: step))")
        default:
            return EnsembleError(
                .failed,
                "could not \(step.text) \(limit). Type: \(runtime.advice(about: step))")
        }
    }

    /// The change is complete: what was wanted is what is.
    private func finish(_ view: EnsembleView) async throws -> Int64 {
        if let awaited {
            settings.tell(
                .ended(awaited.step, seconds: LocalEnsemble.seconds() - awaited.since))
        }
        try runtime.finish()
        for server in view.servers where goal.leaves(server) {
            settings.tell(
                .note(
                    "server \(server.id) was stopped, and stays so: 'aviary start \(server.id)' starts it, "
                        + "from what the others run"))
        }
        return view.committed?.version ?? 0
    }
}

extension EnsembleSpec {
    /// Its servers in the words of the committed configuration.
    func membership() throws -> Membership {
        let text = ServerFolder.dynamicText(of: self)
        return try Membership(text: Array(text.utf8))
    }
}
