// Another leader, on somebody's wish, and as few moments as possible without one.

internal import AviaryClient
internal import Jute
internal import Records

/// What a change of the leader came to.
public struct LeaderMoveReport: Sendable {
    /// Who leads now.
    public var leader: Int
    /// How often the leader changed on the way; 0 if the wanted one led already.
    public var changeCount: Int
    /// What clients felt.
    public var probe: ProbeReport
}

/// Lets a server lead that somebody names.
///
/// A leader of ours is asked for it: it hands over as soon as the successor has everything, and nobody
/// is elected. Apache ZooKeeper's servers see no change in that, so where there are some the leader
/// is made an observer for a moment. One of ours names the successor then as well; one of
/// theirs chooses it.
public final class LeaderMove {
    private static let attemptCountMax = 5

    private let runtime: any ChangeRuntime
    private let spec: EnsembleSpec
    private let settings: ChangeApplier.Settings
    /// Nil where nobody but this process could know of the ensemble.
    private let folder: EnsembleFolder?
    private let session: EnsembleSession

    /// In the ensemble in `folder`, whose servers are processes of this machine.
    public convenience init(
        _ folder: EnsembleFolder, binary: String, _ settings: ChangeApplier.Settings
    ) throws {
        let spec = try EnsembleWish(folder).spec
        self.init(
            try LocalRuntime(folder, to: spec, binary: binary), spec, settings, in: folder)
    }

    /// In an ensemble whose servers somebody else starts.
    public convenience init(
        external spec: EnsembleSpec, authentication: String?, _ settings: ChangeApplier.Settings
    ) throws {
        let credential = authentication.map { OperatorCredential(authentication: $0) }
        let runtime = try ExternalRuntime(spec, credential, spec: settings.specFile) {
            settings.tell(.note($0))
        }
        self.init(runtime, spec, settings, in: nil)
    }

    private init(
        _ runtime: any ChangeRuntime, _ spec: EnsembleSpec, _ settings: ChangeApplier.Settings,
        in folder: EnsembleFolder?
    ) {
        self.runtime = runtime
        self.spec = spec
        self.settings = settings
        self.folder = folder
        session = EnsembleSession(runtime.addresses, runtime.credential)
    }

    /// Does it.
    public func run(to number: Int) async throws -> LeaderMoveReport {
        let lock = try folder.map { try ChangeLock($0) }
        defer { _ = lock }
        let id = ServerID(Int64(number))
        do {
            let report = try await move(to: id)
            await session.close()
            return report
        } catch {
            await session.close()
            throw error
        }
    }

    private func move(to id: ServerID) async throws -> LeaderMoveReport {
        var view = try await wait(id) { $0.leader != nil && $0.committed != nil }
        guard let committed = view.committed, committed.isVoter(id) else {
            throw EnsembleError(
                .misused,
                "server \(id) is no participant of \(spec.name), so it cannot lead; "
                    + "'\(runtime.status)' shows who can")
        }
        if view.leader == id {
            let probe = folder == nil ? try await giveVotesBack(committed) : ProbeReport()
            return LeaderMoveReport(leader: id.number, changeCount: 0, probe: probe)
        }
        view = try await wait(id) { $0.isSynced(id) && $0.leader != nil }
        let probe = ClientProbe(runtime.addresses, runtime.credential)
        // The gap is to be seen from a session that was there before.
        LocalEnsemble.sleep(milliseconds: 100)
        do {
            if runtime.canHandOver, let count = try await ask(id) {
                return LeaderMoveReport(
                    leader: id.number, changeCount: count, probe: await probe.end())
            }
        } catch {
            _ = await probe.end()
            throw error
        }
        _ = await probe.end()
        return try await depose(for: id, committed)
    }

    /// Asks the leader until the wanted server leads; nil if it does not understand.
    private func ask(_ id: ServerID) async throws -> Int? {
        var count = 0
        let begun = LocalEnsemble.seconds()
        while LocalEnsemble.seconds() - begun < settings.patience,
            count < LeaderMove.attemptCountMax
        {
            let view = await look()
            guard let leader = view.leader, let committed = view.committed else {
                LocalEnsemble.sleep(milliseconds: 20)
                continue
            }
            if leader == id { return count }
            do throws(ZooKeeperError) {
                guard try await session.handOver(to: id, version: committed.version) else {
                    if folder == nil { return nil }
                    throw ZooKeeperError(.unimplemented)
                }
                count += 1
            } catch {
                switch error.code {
                case .badArguments:
                    throw EnsembleError(
                        .failed,
                        "server \(leader) refuses to hand over to server \(id): its log says why. It "
                            + "leads as before. Type: \(runtime.status)")
                case .noAuth, .reconfigDisabled, .unimplemented:
                    throw runtime.refused(error.code, .confirm)
                case .newConfigNoQuorum: LocalEnsemble.sleep(milliseconds: 50)
                default: break
                }
            }
            _ = try? await wait(id, seconds: 2) { $0.leader == id }
        }
        if await look().leader == id { return count }
        throw EnsembleError(
            .failed,
            "server \(id) does not lead yet: it was asked for, and does not keep up. Type: "
                + "\(runtime.status), and then the same again")
    }

    /// Makes the leader an observer and a participant again, as often as there are participants.
    private func depose(
        for id: ServerID, _ committed: Membership
    ) async throws -> LeaderMoveReport {
        var probe = try await giveVotesBack(committed)
        let view = try await settle()
        settings.tell(
            .note(
                "Apache ZooKeeper's servers know no other way: the leader is made an observer for a "
                    + "moment, until server \(id) leads"))
        var settings = settings
        settings.successor = id
        var leader = view.leader
        let attempts = view.committed?.voters.count ?? 0
        for attempt in 1...max(1, attempts) {
            var demoted = spec
            for index in demoted.servers.indices
            where demoted.servers[index].id == leader?.number {
                demoted.servers[index].isObserver = true
            }
            do {
                probe.add(try await ChangeApplier(runtime, to: demoted, settings).apply().probe)
            } catch {
                // Who has lost its vote for this gets it back, whatever has become of the move.
                _ = try? await restore(settings)
                throw error
            }
            probe.add(try await restore(settings))
            if settings.isInterrupted() { throw ChangeInterrupted(probe: probe) }
            leader = try await wait(id) { $0.leader != nil }.leader
            if leader == id {
                return LeaderMoveReport(leader: id.number, changeCount: attempt, probe: probe)
            }
            settings.tell(.note("server \(leader?.number ?? 0) leads now"))
        }
        throw EnsembleError(
            .failed,
            "server \(leader?.number ?? 0) leads, and not \(id): Apache ZooKeeper's leaders choose "
                + "their successors. The ensemble is as it was otherwise; the same again tries again"
        )
    }

    /// Waits until everybody is in step and what the spec says; who has just got its vote back is at
    /// neither for a moment.
    private func settle() async throws -> EnsembleView {
        let goal = ChangeGoal(members: try spec.membership())
        let begun = LocalEnsemble.seconds()
        while true {
            let view = await look()
            let isLate = LocalEnsemble.seconds() - begun > settings.patience
            switch ChangePlanner.decide(view, goal) {
            case .done: return view
            case .step(.awaitQuorum) where !isLate, .step(.awaitSync) where !isLate:
                LocalEnsemble.sleep(milliseconds: 20)
            case .step, .blocked:
                throw EnsembleError(
                    .failed,
                    "\(spec.name) is not what the spec says: "
                        + "'aviary apply \(settings.specFile)' comes first")
            }
        }
    }

    /// Everybody has the role that the spec says; that is not interrupted half-way.
    private func restore(_ settings: ChangeApplier.Settings) async throws -> ProbeReport {
        var settings = settings
        settings.isInterrupted = { false }
        return try await ChangeApplier(runtime, to: spec, settings).apply().probe
    }

    /// A move that was killed may have left an observer, which gets its vote back.
    private func giveVotesBack(_ committed: Membership) async throws -> ProbeReport {
        let deposed = LeaderMove.deposed(committed, wanted: try spec.membership())
        guard !deposed.isEmpty else { return ProbeReport() }
        let names = deposed.map(\.description).joined(separator: ", ")
        settings.tell(
            .note("server \(names) has lost its vote to an earlier move, and gets it back"))
        return try await restore(settings)
    }

    /// Observers that are participants of a configuration that is the same otherwise; nobody if it
    /// is not.
    static func deposed(_ committed: Membership, wanted: Membership) -> [ServerID] {
        let wanted = ChangeGoal(members: wanted).adoptingClientHosts(of: committed).members
        guard wanted.members.map(\.id) == committed.members.map(\.id) else { return [] }
        var deposed: [ServerID] = []
        for (old, new) in zip(committed.members, wanted.members) where old != new {
            var promoted = old
            promoted.role = .participant
            guard old.role == .observer, promoted == new else { return [] }
            deposed.append(old.id)
        }
        return deposed
    }

    /// Why a server is not waited for any longer; nothing has changed, and nothing is to be applied.
    private func late(_ id: ServerID, _ view: EnsembleView, _ limit: String) -> EnsembleError {
        let (place, remedy) = runtime.standing(of: id)
        let leader = view.leader.map { ", and server \($0) leads as before" } ?? ""
        return EnsembleError(
            .failed,
            "server \(id)\(place) is not in step with the leader \(limit), so it cannot lead\(leader). "
                + "\(remedy.prefix(1).uppercased())\(remedy.dropFirst()); then the same again: aviary "
                + "leader move \(id)\(folder == nil ? " \(settings.specFile)" : "")")
    }

    // MARK: Looking

    private func look() async -> EnsembleView {
        runtime.look(committed: await session.committed(), confirmed: nil)
    }

    private func wait(
        _ id: ServerID, seconds: Double? = nil, _ isMet: (EnsembleView) -> Bool
    ) async throws -> EnsembleView {
        let begun = LocalEnsemble.seconds()
        let limit = seconds ?? settings.patience
        while true {
            let view = await look()
            if isMet(view) { return view }
            guard LocalEnsemble.seconds() - begun < limit else {
                guard view.leader != nil else {
                    throw EnsembleError(
                        .unreachable,
                        "\(spec.name) has no leader. Type: \(runtime.advice(about: .awaitQuorum))")
                }
                throw late(id, view, "after \(Int(limit)) s")
            }
            LocalEnsemble.sleep(milliseconds: 20)
        }
    }
}

extension ProbeReport {
    /// Takes in what was felt of another part.
    fileprivate mutating func add(_ other: ProbeReport) {
        writes += other.writes
        failures += other.failures
        sessionsLost += other.sessionsLost
        longestGap = max(longestGap, other.longestGap)
        isRefused = isRefused || other.isRefused
    }
}
