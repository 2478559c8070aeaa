// Carries a change out: looks, decides, takes one step, and looks again.

internal import AviaryClient
internal import Configuration
internal import Records
internal import Storage

/// What a change tells while it goes on.
public enum ChangeProgress: Sendable {
    /// A step begins.
    case began(ChangeStep, QuorumMargin)
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
    /// How a change is carried out.
    public struct Settings {
        /// Seconds that a step is awaited at most.
        public var patience = 60.0
        /// Whether a step may be taken that leaves clients without service while it lasts.
        public var isOutageAccepted = false
        /// Asked often; once it says yes, the change ends after its present step.
        public var isInterrupted: () -> Bool = { false }
        /// Told what goes on.
        public var tell: (ChangeProgress) -> Void = { _ in }

        /// The defaults.
        public init() {}
    }

    let folder: EnsembleFolder
    let binary: String
    let wanted: EnsembleSpec
    let goal: ChangeGoal
    let settings: Settings
    let session: EnsembleSession
    private let addresses: ConnectString
    private let credential: OperatorCredential
    var record: EnsembleSpec
    var confirmedVersion: Int64?
    var starts: [ServerID: Int] = [:]
    var restarted: Set<ServerID> = []
    private var stepCount = 0
    private var awaited: (step: ChangeStep, since: Double)?

    /// A change of the ensemble in `folder` to `wanted`.
    public init(
        _ folder: EnsembleFolder, to wanted: EnsembleSpec, binary: String, _ settings: Settings
    ) throws {
        guard let record = try folder.load() else {
            throw EnsembleError(
                .unreachable, "there is no ensemble \(folder.name); 'aviary up' starts one")
        }
        guard let credential = folder.operatorCredential else {
            throw EnsembleError(
                .failed,
                "\(folder.name) was made before the members of an ensemble could be changed. Type: "
                    + "aviary down, then aviary up: then they can")
        }
        self.folder = folder
        self.binary = binary
        self.credential = credential
        self.wanted = wanted
        self.record = record
        self.settings = settings
        goal = ChangeGoal(
            members: try wanted.membership(), isOutageAccepted: settings.isOutageAccepted)
        // Whoever was or will be a member: clients are told as many.
        let places = Set((record.servers + wanted.servers).map { "\($0.host):\($0.ports.client)" })
        addresses = try ConnectString(places.sorted().joined(separator: ","))
        session = EnsembleSession(addresses, credential)
    }

    /// What would be done; nil if nobody can say the committed configuration.
    public func plan() async -> ChangePlan? {
        let view = await look()
        await session.close()
        return ChangePlan.make(view, goal)
    }

    /// Does it.
    ///
    /// - Throws: ``ChangeInterrupted``, or why it stopped and what to type.
    public func apply() async throws -> ChangeReport {
        let lock = try ChangeLock(folder)
        defer { lock.release() }
        try folder.saveWanted(wanted)
        let begun = LocalEnsemble.seconds()
        let probe = ClientProbe(addresses, credential)
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
            settings.tell(.note("clients: \(felt.text)"))
            throw error
        }
    }

    private struct Interruption: Error {}

    private func run() async throws -> Int64 {
        while true {
            if settings.isInterrupted() { throw Interruption() }
            let view = await look()
            try keepRecord(view)
            switch ChangePlanner.decide(view, goal) {
            case .done: return try finish(view)
            case .blocked(let reason, let advice):
                throw EnsembleError(.failed, "\(reason). Type: \(advice)")
            case .step(let step): try await take(step, view)
            }
        }
    }

    /// Looks at everything anew.
    private func look() async -> EnsembleView {
        LocalEnsemble.reap()
        let committed = await session.committed()
        return EnsembleObserver(folder: folder).look(
            record: record, wanted: wanted, committed: committed, confirmed: confirmedVersion)
    }

    private func take(_ step: ChangeStep, _ view: EnsembleView) async throws {
        let begun = LocalEnsemble.seconds()
        if awaited?.step != step {
            if let awaited { settings.tell(.ended(awaited.step, seconds: begun - awaited.since)) }
            settings.tell(.began(step, ChangePlan.margin(of: step, view)))
            awaited = (step, begun)
            stepCount += 1
        }
        let isDone = try await perform(step, view)
        guard !isDone else {
            settings.tell(.ended(step, seconds: LocalEnsemble.seconds() - begun))
            awaited = nil
            return
        }
        guard let since = awaited?.since, LocalEnsemble.seconds() - since < settings.patience
        else { throw await late(step, view) }
        settings.tell(.awaiting(step, lag: step.server.flatMap { view.server($0)?.lag }))
        LocalEnsemble.sleep(milliseconds: 20)
    }

    /// The change is complete: what was wanted is what is.
    private func finish(_ view: EnsembleView) throws -> Int64 {
        if let awaited {
            settings.tell(
                .ended(awaited.step, seconds: LocalEnsemble.seconds() - awaited.since))
        }
        try folder.save(wanted)
        try folder.forgetWanted()
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
