import ArgumentParser
import AviaryEnsemble
import Storage

/// What all verbs that change a running ensemble have in common.
struct ChangeOptions: ParsableArguments {
    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Option(
        name: .long, parsing: .unconditional, help: "Seconds to wait for one step at most.")
    var timeout = 60.0

    @Flag(
        name: .long,
        help: "Take steps that leave clients without service while they last, if there is no other."
    )
    var acceptOutage = false

    @Option(
        name: .long,
        help: "A file with user:password of who may change the members of a foreign ensemble.",
        completion: .file())
    var credential: String?

    func validate() throws {
        try Patience.check(timeout)
    }

    /// The folder of the ensemble, which must be one whose members can be changed.
    func find() throws -> EnsembleFolder { try ensemble.find().folder }

    /// An ensemble of the launcher's has its own credential, and another would be passed over.
    func refuseCredential(for folder: EnsembleFolder) throws {
        guard credential != nil else { return }
        throw Complaint(
            "\(folder.name) has a credential of its own, in \(folder.path)/operator: leave --credential "
                + "out, which is for 'runtime: external'", .misused)
    }

    /// Carries out what an edit makes of what is wanted of an ensemble of this machine.
    ///
    /// Nobody else edits it meanwhile: what is read is what is changed. `strangersLeaving` are
    /// members that only the committed configuration knows, and that may leave.
    func change(
        strangersLeaving: [Int] = [], leavingStopped: Bool = false,
        _ edit: (inout EnsembleWish, EnsembleFolder) async throws -> Void
    ) async throws {
        let folder = try find()
        try refuseCredential(for: folder)
        let lock = try HeldChangeLock(folder)
        var wish = try EnsembleWish(folder)
        try await edit(&wish, folder)
        wish.noteCarriedAlong(folder)
        var source = WishSource(wish.spec, in: folder, holding: lock)
        source.strangersLeaving = strangersLeaving
        source.leavesStopped = leavingStopped
        try await apply(source)
    }

    /// Carries out what is wanted, and shows what became of it.
    func apply(_ source: WishSource) async throws {
        try await apply(
            { settings in
                var settings = settings
                settings.strangersLeaving = source.strangersLeaving
                settings.leavesStopped = source.leavesStopped
                return try source.applier(settings)
            }, name: source.name, done: { text($0, source.name) },
            interrupted: {
                "interrupted between two steps; '\(source.resume)' goes on\(source.wayBack)"
            })
        source.noteSpecFile()
    }

    /// The same of any change, with what is said in the end.
    func apply(
        _ make: (ChangeApplier.Settings) throws -> ChangeApplier, name: String,
        done: (ChangeReport) -> String, interrupted text: () -> String
    ) async throws {
        let interruption = Interruption()
        let progress = ChangeProgressView()
        var settings = ChangeApplier.Settings()
        settings.patience = timeout
        settings.isOutageAccepted = acceptOutage
        settings.isInterrupted = { interruption.hasCome }
        settings.tell = { progress.show($0) }
        let applier = try make(settings)
        do {
            let report = try await applier.apply()
            progress.finish()
            show(report, name, done(report))
        } catch let interrupted as ChangeInterrupted {
            progress.finish()
            Program.note(interrupted.probe.text)
            throw Complaint(text(), .interrupted)
        } catch {
            progress.finish()
            throw error
        }
    }

    private func text(_ report: ChangeReport, _ name: String) -> String {
        let version = ChangePlan.hexadecimal(report.version)
        guard report.stepCount > 0 else {
            return "\(name) is what is wanted: nothing to change (configuration \(version))"
        }
        return "\(name) is what is wanted after \(report.stepCount.counted("step")) in "
            + "\(Int(report.seconds * 1000)) ms (configuration \(version))\n\(report.probe.text)"
    }

    private func show(_ report: ChangeReport, _ name: String, _ text: String) {
        let milliseconds = Int(report.seconds * 1000)
        let version = ChangePlan.hexadecimal(report.version)
        let probe = report.probe
        output.show(
            .object([
                JSONValue.Field("ensemble", .string(name)),
                JSONValue.Field("steps", .integer(report.stepCount)),
                JSONValue.Field("milliseconds", .integer(milliseconds)),
                JSONValue.Field("configVersion", .string(version)),
                JSONValue.Field("writes", .integer(probe.writes)),
                JSONValue.Field("failed", .integer(probe.failures)),
                JSONValue.Field("sessionsLost", .integer(probe.sessionsLost)),
                JSONValue.Field(
                    "longestGapMilliseconds", .integer(Int((probe.longestGap * 1000).rounded()))),
            ]), text)
    }
}

/// The lines that tell how a change goes on, on standard error.
final class ChangeProgressView {
    private let begun = LocalEnsemble.seconds()
    private var progress = Progress()

    /// Shows what has come.
    func show(_ event: ChangeProgress) {
        switch event {
        case .began(let step, let margin, let reasons):
            progress.finish()
            progress = Progress()
            let state = margin.map { "  (\($0.synced) in step, \($0.outlook))" } ?? ""
            Program.note("[\(seconds)] \(step.announcement(because: reasons))\(state)")
        case .awaiting(let step, let lag):
            progress.update(ChangeProgressView.awaited(step, lag: lag))
        case .ended: progress.finish()
        case .note(let text):
            progress.finish()
            Program.note(text)
        }
    }

    func finish() { progress.finish() }

    /// What is awaited, and how far away it is where that is known.
    static func awaited(_ step: ChangeStep, lag: Int?) -> String {
        let behind = lag.map { $0 > 0 ? ", \($0.counted("transaction")) behind" : "" } ?? ""
        return "  \(step.text)\(behind)"
    }

    private var seconds: String {
        let tenths = Int((LocalEnsemble.seconds() - begun) * 10)
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension EnsembleWish {
    /// Says so where an edit comes on top of a change that is not complete.
    func noteCarriedAlong(_ folder: EnsembleFolder) {
        guard !carriedAlong.isEmpty else { return }
        Program.note(
            "an earlier change of \(folder.name) is not complete, and is carried out with this one: "
                + carriedAlong.text)
    }
}

extension LocalEnsemble {
    /// Says what is not as it should be: a credential that is lost, a change that was interrupted.
    func noteUnfinishedChange() {
        if folder.isCredentialLost {
            Program.note(
                "the operator's credential of \(folder.name) is gone, so nobody can change its "
                    + "members: '\(folder.credentialRemedy)' makes a new one, and each server "
                    + "restarts with its digest")
        }
        guard !isChanging, (try? folder.loadWanted()) != nil else { return }
        Program.note(
            "a change of \(folder.name) is not complete: 'aviary plan' shows what is left, 'aviary "
                + "apply' goes on, and 'aviary apply --abandon' gives it up")
    }
}

extension Program {
    /// Runs a verb that waits for an ensemble, turning its errors into messages and exit codes.
    static func run(_ verb: () async throws -> Void) async throws {
        let failure: (any Error)?
        do {
            try await verb()
            failure = nil
        } catch { failure = error }
        try run { if let failure { throw failure } }
    }
}
