import AviaryEnsemble
import Storage

/// What a change is to come to: a spec, a plan that was written down, or the change that is under
/// way.
struct WishSource {
    private enum Ensemble {
        case local(EnsembleFolder)
        /// Somebody else starts its servers; `user:password` of who may change its members.
        case external(authentication: String?, spec: String, credential: String?)
    }

    private let ensemble: Ensemble
    let wanted: EnsembleSpec
    /// The version that a plan was made for that was written down.
    private(set) var madeFor: Int64?
    /// Members that are not on record and may leave; nil where a spec names everybody who stays.
    var strangersLeaving: [Int]? = []
    /// Whether servers that somebody has stopped on purpose stay so.
    var leavesStopped = false
    /// Held by whoever is to carry it out.
    private var lock: HeldChangeLock?
    /// The spec that says so, if it is one for an ensemble of this machine.
    private var specFile: String?

    /// What is wanted of an ensemble of this machine.
    init(_ wanted: EnsembleSpec, in folder: EnsembleFolder, holding lock: HeldChangeLock? = nil) {
        self.init(.local(folder), wanted)
        self.lock = lock
    }

    private init(_ ensemble: Ensemble, _ wanted: EnsembleSpec) {
        self.ensemble = ensemble
        self.wanted = wanted
    }

    /// What is wanted by the file at `path`, or by the change that is under way.
    ///
    /// To be carried out, nobody else may change anything between this look and the last step.
    init(_ path: String?, _ options: ChangeOptions, isExclusive: Bool = false) throws {
        func lock(_ folder: EnsembleFolder) throws -> HeldChangeLock? {
            isExclusive ? try HeldChangeLock(folder) : nil
        }
        guard let path else {
            let folder = try options.find()
            try options.refuseCredential(for: folder)
            let lock = try lock(folder)
            self.init(try EnsembleWish(folder).spec, in: folder, holding: lock)
            return
        }
        let home = options.ensemble.place.home
        // What is no plan is read as a spec, whose reader says what is wrong.
        let bytes = try? AtomicFile.read(path, in: POSIXFileSystem(), sizeMax: 2 << 20)
        let text = (bytes ?? nil).map { String(decoding: $0, as: UTF8.self) }
        if let text, ChangePlanFile.isMeant(text) {
            guard let file = ChangePlanFile(text) else {
                throw Complaint(
                    "\(path) is a damaged plan; 'aviary plan SPEC --out \(path)' writes another",
                    .inputIsWrong)
            }
            if let name = options.ensemble.name, name != file.ensemble {
                throw Complaint(
                    "\(path) is a plan for ensemble \(file.ensemble), and not for \(name). 'aviary plan "
                        + "SPEC --ensemble \(name) --out FILE' makes one for it, with the spec and a file of your "
                        + "choice", .misused)
            }
            let folder = try home.find(file.ensemble)
            let lock = try lock(folder)
            try EnsembleWish(folder).check(file.wanted)
            self.init(file.wanted, in: folder, holding: lock)
            madeFor = file.madeFor
            strangersLeaving = nil
            return
        }
        let spec = try SpecFile.read(path)
        switch spec.runtime {
        case "external":
            self.init(
                .external(
                    authentication: try options.authentication(), spec: path,
                    credential: options.credential), spec)
        case "process", "docker", "ssh":
            let folder = try home.find(options.ensemble.name ?? spec.name)
            try options.refuseCredential(for: folder)
            let lock = try lock(folder)
            var wish = try EnsembleWish(folder)
            try wish.adopt(spec)
            if isExclusive { wish.noteCarriedAlong(folder) }
            self.init(wish.spec, in: folder, holding: lock)
            strangersLeaving = nil
            specFile = Program.absolute(path)
        default:
            throw Complaint(
                "runtime \(spec.runtime) cannot be changed from here",
                .inputIsWrong)
        }
    }

    /// Who carries it out.
    func applier(_ settings: ChangeApplier.Settings) throws -> ChangeApplier {
        var settings = settings
        switch ensemble {
        case .local(let folder):
            settings.specFile = spec ?? "SPEC"
            return try ChangeApplier(
                folder, to: wanted, binary: Program.path, settings, holding: lock)
        case .external(let authentication, let path, _):
            settings.specFile = path
            return try ChangeApplier(externalTo: wanted, authentication: authentication, settings)
        }
    }

    /// The ensemble's name.
    var name: String {
        switch ensemble {
        case .local(let folder): folder.name
        case .external: wanted.name
        }
    }

    /// The spec that it comes from, if one is known.
    var spec: String? {
        switch ensemble {
        case .local(let folder): specFile ?? folder.specFile
        case .external(_, let path, _): path
        }
    }

    /// Whether the ensemble has a folder on this machine.
    var isLocal: Bool {
        if case .local = ensemble { return true }
        return false
    }

    /// What to type when it was interrupted.
    var resume: String {
        switch ensemble {
        case .local(let folder): "aviary apply --ensemble \(folder.name)"
        case .external(_, let spec, let credential):
            "aviary apply \(spec)" + (credential.map { " --credential \($0)" } ?? "")
        }
    }

    /// How to give the change up, where something is kept of it.
    var wayBack: String { isLocal ? ", and '\(resume) --abandon' gives the change up" : "" }

    /// Once it is carried out: keeps the spec that said so, or says that the one on record does not.
    func noteSpecFile() {
        guard case .local(let folder) = ensemble else { return }
        if let specFile {
            try? folder.rememberSpecFile(specFile)
        } else if let stale = folder.staleSpecFile {
            Program.note(
                "\(stale) does not describe \(folder.name) any more; to write down what is: aviary spec "
                    + "--ensemble \(folder.name) > \(stale)"
            )
        }
    }

    /// What to do when there is no leader.
    var remedy: String {
        switch ensemble {
        case .local(let folder):
            "'aviary status' shows who is missing, and 'aviary up --ensemble \(folder.name)' starts "
                + "them"
        case .external(_, let spec, _):
            "see to it that a majority of its servers runs and serves clients where the spec says (host, "
                + "clientHost, and the port client); 'aviary status \(spec)' shows who answers"
        }
    }
}

extension ChangeOptions {
    /// `user:password` in the first line of the file that is named.
    func authentication() throws -> String? {
        try credential.map { try ChangeOptions.authentication(in: $0) }
    }

    /// `user:password` in the first line of a file.
    static func authentication(in credential: String) throws -> String {
        let form = "--credential takes a file whose first line is user:password"
        let found: [UInt8]?
        do throws(StorageError) {
            found = try AtomicFile.read(credential, in: POSIXFileSystem())
        } catch {
            throw Complaint(
                "the credential \(credential) \(error.message). \(form); 'ls -ld \(credential)' shows "
                    + "what it is", .inputIsWrong)
        }
        guard let bytes = found else {
            throw Complaint("there is no file \(credential). \(form)", .inputIsWrong)
        }
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard line.contains(":") else {
            throw Complaint(
                "the first line of \(credential) is not user:password. \(form)", .inputIsWrong)
        }
        return line
    }
}
