// Servers that are processes of this machine: their files, their starts and stops, and the record.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// An ensemble of this machine while it changes.
final class LocalRuntime: ChangeRuntime {
    /// Starts of one server after which there is no point in another.
    private static let startCountMax = 3

    let addresses: ConnectString
    let credential: OperatorCredential?
    private let folder: EnsembleFolder
    private let binary: String
    private let wanted: EnsembleSpec
    /// Who has files, with the places that the committed configuration gives them.
    private var record: EnsembleSpec
    private var starts: [ServerID: Int] = [:]
    private var lock: HeldChangeLock?
    /// Whether what is wanted is kept in the folder, and what was wanted before.
    private var isRecorded = false
    private var before: EnsembleSpec?
    private let tell: (String) -> Void

    /// `lock` is held already by whoever has read what is wanted.
    init(
        _ folder: EnsembleFolder, to wanted: EnsembleSpec, binary: String,
        holding lock: HeldChangeLock? = nil, tell: @escaping (String) -> Void = { _ in }
    ) throws {
        guard let record = try folder.load() else {
            throw EnsembleError(
                .unreachable, "there is no ensemble \(folder.name); 'aviary up' starts one")
        }
        var folder = folder
        if folder.isCredentialLost { folder.newCredential = .random() }
        guard let credential = folder.operatorCredential ?? folder.newCredential else {
            throw EnsembleError(
                .failed,
                "\(folder.name) was made before the members of an ensemble could be changed. Type: "
                    + "aviary down, then aviary up: then they can")
        }
        self.folder = folder
        self.binary = binary
        self.credential = credential
        self.wanted = wanted
        self.lock = lock
        self.tell = tell
        let directories = [record, wanted].map { ($0.ssh ?? SSHSettings()).directory }
        guard directories[0] == directories[1] else {
            throw EnsembleError(
                .wrong,
                "the servers have their files in \(directories[0]) of their hosts, and not in "
                    + directories[1])
        }
        self.record = record.reached(like: wanted)
        // Whoever was or will be a member: clients are told as many.
        addresses = try ConnectString(of: record.servers + wanted.servers, in: wanted)
    }

    func begin() throws {
        if lock == nil {
            lock = try HeldChangeLock(folder)
            // Somebody may have changed it in between.
            if let now = try folder.load() { record = now.reached(like: wanted) }
        }
        try requireSources()
    }

    func keepWish() throws {
        before = try folder.loadWanted()
        try replaceCredential()
        try folder.saveWanted(wanted)
        isRecorded = true
    }

    func dropWish() throws {
        guard isRecorded else { return }
        isRecorded = false
        if let before {
            try folder.saveWanted(before)
        } else {
            try folder.forgetWanted()
        }
    }

    var leftover: String {
        guard let kept = try? folder.loadWanted() else { return "" }
        let what = isRecorded || kept == wanted ? "this change" : "an earlier change"
        return
            ". What is left of \(what) stays on record: aviary apply goes on with it, aviary apply "
            + "--abandon gives it up"
    }

    /// An operator whose credential is gone gets another one; the servers learn its digest by a
    /// restart each, as any setting.
    private func replaceCredential() throws {
        guard let new = folder.newCredential else { return }
        try folder.makeOperatorCredential()
        guard folder.operatorCredential == new else {
            throw EnsembleError("somebody else has made a new credential. Type the same again")
        }
        tell(
            "the operator's credential was gone: \(folder.path)/operator is a new one, and each "
                + "server restarts with its digest")
    }

    /// What is to be started from a new image must not be stopped before that is here.
    private func requireSources() throws {
        var known: Set<String> = []
        for server in wanted.servers {
            let source = server.binary ?? wanted.image ?? binary
            guard known.insert(source).inserted else { continue }
            try ServerFolder(server, of: wanted, in: folder.path).site.require(source)
        }
    }

    func end() { lock = nil }

    func finish() throws {
        try folder.save(wanted)
        try folder.forgetWanted()
    }

    func look(committed: Membership?, confirmed: Int64?) -> EnsembleView {
        EnsembleObserver(folder: folder).look(
            record: record, wanted: wanted, committed: committed, confirmed: confirmed)
    }

    func perform(_ step: ChangeStep, _ view: EnsembleView) throws -> Bool {
        switch step {
        case .start(let id): try start(id, nil)
        case .startJoiner(let id): try start(id, view.committed)
        case .stop(let id): try ensemble().stop([id.number])
        case .retire(let id): try retire(id, view)
        case .restart(let id): try restart(id)
        default: return false
        }
        return true
    }

    /// The ensemble as it has files and processes, with the settings that are wanted.
    private func ensemble() throws -> LocalEnsemble {
        var ensemble = try LocalEnsemble(record, in: folder, binary: binary)
        ensemble.spec = record.adoptingSettings(of: wanted)
        return ensemble
    }

    private func start(_ id: ServerID, _ committed: Membership?) throws {
        starts[id, default: 0] += 1
        let isKnown = record.servers.contains { $0.id == id.number }
        if !isKnown, let server = wanted.servers.first(where: { $0.id == id.number }) {
            record.servers.append(server)
            record.servers.sort { $0.id < $1.id }
            try folder.save(record)
        }
        var ensemble = try ensemble()
        guard let server = ensemble.servers.first(where: { $0.server.id == id.number }) else {
            throw EnsembleError(
                .failed,
                "server \(id) is a member and not one of this machine's. Start it where it "
                    + "belongs, or add it to the spec")
        }
        guard starts[id, default: 0] <= LocalRuntime.startCountMax else {
            throw givenUp(id, "server \(id) ends again and again", server)
        }
        if server.isStoppedOnPurpose {
            tell(
                "server \(id) was stopped, and starts again: who stays a member must be in step before "
                    + "anything is changed")
        }
        if let committed { try server.write(toJoin: committed, in: server.fileSystem) }
        _ = try ensemble.start(id.number)
    }

    private func restart(_ id: ServerID) throws {
        var ensemble = try ensemble()
        try ensemble.stop([id.number], restarting: true)
        guard try ensemble.start(id.number) else {
            throw EnsembleError(
                "server \(id) was stopped, and somebody else has started it again. Type: aviary "
                    + "status; then aviary apply to go on")
        }
    }

    /// Nothing more is changed: what a server said of it, and what to type.
    private func givenUp(
        _ id: ServerID, _ what: String, _ server: ServerFolder
    ) -> EnsembleError {
        // Before it is started again: those would be other words.
        let account = server.account(of: server.server.binary)
        let remedy: String
        do { remedy = try putBack(id) } catch {
            remedy =
                " What it had before could not be put back (\(error)): once that is mended, aviary "
                + "apply --abandon and aviary restart \(id) do it."
        }
        return EnsembleError(
            .failed,
            "\(what): \(account). Nothing more is changed.\(remedy) Type: aviary logs \(id); then "
                + "aviary apply to go on, aviary apply --abandon to give the change up, or aviary "
                + "remove \(id)")
    }

    /// A server that does not come back with new settings or a new binary gets the old ones again.
    private func putBack(_ id: ServerID) throws -> String {
        var old = try LocalEnsemble(record, in: folder, binary: binary)
        guard let before = old.servers.first(where: { $0.server.id == id.number }),
            let now = try ensemble().servers.first(where: { $0.server.id == id.number }),
            before.stamp != now.stamp
        else { return "" }
        try old.stop([id.number], restarting: true)
        _ = try old.start(id.number)
        return " It is started again with what it had before."
    }

    func missing(_ id: ServerID, _ limit: String) -> EnsembleError {
        let what = "server \(id) is not in step with the leader \(limit)"
        guard let server = folder(of: id) else {
            return EnsembleError(
                .failed,
                "\(what): it has no log here. Nothing more is changed. Type: aviary status; then "
                    + "aviary apply to go on, or aviary remove \(id)")
        }
        guard !server.isPaused else {
            // It has not failed, and what it runs from is not to blame.
            return EnsembleError(
                .failed,
                "\(what): it is paused. Nothing more is changed. Type: aviary resume \(id); then "
                    + "aviary apply to go on, or aviary apply --abandon to give the change up")
        }
        return givenUp(id, what, server)
    }

    private func folder(of id: ServerID) -> ServerFolder? {
        try? ensemble().servers.first { $0.server.id == id.number }
    }

    func standing(of id: ServerID) -> (place: String, remedy: String) {
        guard let server = folder(of: id) else {
            return ("", "it has no log here. Type: aviary status")
        }
        guard !server.isPaused else { return ("", "it is paused. Type: aviary resume \(id)") }
        let verb = ServerProcess(server).pid == nil ? "start" : "logs"
        return ("", "\(server.account(of: server.server.binary)). Type: aviary \(verb) \(id)")
    }

    /// Without a leader, those that are paused may be all that is missing.
    func advice(about step: ChangeStep) -> String {
        let paused = ((try? ensemble().servers) ?? []).filter(\.isPaused)
        guard step == .awaitQuorum, !paused.isEmpty else { return commonAdvice(about: step) }
        return "aviary resume " + paused.map { String($0.server.id) }.joined(separator: " ")
            + "; then the same again"
    }

    func refused(_ code: ErrorCode, _ step: ChangeStep) -> EnsembleError {
        let text =
            switch code {
            case .noAuth where folder.isCredentialLost:
                "the operator's credential in \(folder.path) is gone. Type: "
                    + "\(folder.credentialRemedy), which makes a new one and restarts each server "
                    + "with its digest; then the same again"
            case .noAuth:
                "the servers do not take the operator's credential in \(folder.path). Type: aviary "
                    + "down, then aviary up"
            case .reconfigDisabled, .unimplemented:
                "the servers were started with reconfigEnabled=false, so their members cannot be "
                    + "changed. Type: aviary down, then aviary up"
            default:
                "the leader refuses to \(step.text): its log says why. Type: aviary logs"
            }
        return EnsembleError(.failed, text)
    }

    /// Puts a former member's files where no verb finds them, and forgets it.
    private func retire(_ id: ServerID, _ view: EnsembleView) throws {
        let version = view.committed?.version ?? 0
        if let server = record.servers.first(where: { $0.id == id.number }) {
            let files = ServerFolder(server, of: record, in: folder.path)
            if files.ensemblePath != folder.path {
                // First here: the id is not given again, whatever becomes of the host.
                try POSIXFileSystem().makeDirectory("\(folder.path)/\(id)")
                try folder.putAside(id.number, version: version)
            }
            do {
                try files.markRemoved(version: version, in: files.fileSystem)
                files.site.dismantle([files])
                try files.putAside(version: version)
            } catch {
                guard files.site is RemoteSite, let problem = files.site.problem else {
                    throw error
                }
                // If it is to move, its id must not be at two places.
                guard !wanted.servers.contains(where: { $0.id == id.number }) else { throw error }
                // The committed configuration is without it already; nothing waits for a dead host.
                tell(
                    "server \(id) is no member any more, and its host cannot be reached (\(problem)). "
                        + "Its files stay there, and perhaps its process: when \(server.host) is back, "
                        + "end it there and remove \(files.path)")
            }
        }
        try folder.putAside(id.number, version: version)
        record.servers.removeAll { $0.id == id.number }
        try folder.save(record)
    }

    func strangers(in committed: Membership) -> [ServerID] {
        let known = (record.servers + wanted.servers).map(\.id)
        return committed.members.map(\.id).filter { !known.contains($0.number) }
    }

    /// The record follows the committed configuration: whatever is typed next finds every server
    /// where it listens.
    func keep(_ view: EnsembleView) throws {
        // Otherwise the change would bring to life again, empty, what somebody has purged.
        guard !folder.isGone else { throw folder.removal }
        guard try !isRecorded || folder.loadWanted() != nil else {
            throw EnsembleError(
                "the change of \(folder.name) was given up from elsewhere: \(folder.path)/wanted is "
                    + "gone. Type: aviary plan \(folder.specFile ?? "SPEC")")
        }
        guard let committed = view.committed else { return }
        try folder.markBegun()
        for member in committed.members {
            guard let server = record.servers.first(where: { $0.id == member.id.number }) else {
                continue
            }
            if view.server(member.id)?.files == .member {
                try ServerFolder(server, of: record, in: folder.path).hasJoined()
            }
        }
        if record.adoptPlaces(of: committed) { try folder.save(record) }
    }
}

extension EnsembleSpec {
    /// The same servers at the same places, with the settings that another spec has for them.
    func adoptingSettings(of wanted: EnsembleSpec) -> EnsembleSpec {
        var spec = self
        spec.config = wanted.config
        spec.image = wanted.image
        spec = spec.reached(like: wanted)
        for place in spec.servers.indices {
            let id = spec.servers[place].id
            guard let server = wanted.servers.first(where: { $0.id == id }) else { continue }
            spec.servers[place].config = server.config
            spec.servers[place].binary = server.binary
            spec.servers[place].rollMark = server.rollMark
            spec.servers[place].ports.admin = server.ports.admin
            spec.servers[place].ports.secureClient = server.ports.secureClient
            spec.servers[place].ports.metrics = server.ports.metrics
        }
        return spec
    }
}

extension ServerID {
    /// As specs have it.
    var number: Int { Int(rawValue) }
}
