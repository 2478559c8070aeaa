// What `up SPEC` makes of an ensemble that is there already.

/// The spec that an ensemble goes on with, and what becomes of the edits in the one it is given.
///
/// Nobody restarts a server that runs, or says of it what is not so: its settings are for `apply`.
/// Where nothing runs, the next start takes the new settings. Who is a member, and where, the
/// committed configuration says and no spec.
public struct Resumption: Equatable, Sendable {
    /// What the ensemble goes on with.
    var spec: EnsembleSpec
    /// Edits that this start takes.
    public private(set) var taken: [SpecDifference] = []
    /// Edits that are left to `apply`.
    public private(set) var left: [SpecDifference] = []

    /// What is there when an ensemble is to go on.
    struct Found {
        /// Whether any server runs.
        var isAnyRunning: Bool
        /// Whether the servers have a committed configuration of their own.
        var hasMembers: Bool
        /// Whether a directory holds a server's data.
        var hasData: (String) -> Bool
        /// Whether the hosts have the files of all servers where another spec says.
        var hasFiles: (EnsembleSpec) -> Bool = { _ in false }
    }

    /// An ensemble that is as `known`, and is to go on from `wanted`, which has the same servers.
    init(_ wanted: EnsembleSpec, _ known: EnsembleSpec, _ find: () -> Found)
        throws(EnsembleError)
    {
        spec = known
        let edited = wanted.resuming(known)
        let all = SpecDifference.between(known, edited)
        guard !all.isEmpty else { return }
        let found = find()
        guard !found.isAnyRunning else {
            // How hosts are reached is nothing that a server knows.
            spec = known.reached(like: edited)
            left = all.filter { $0.kind != .reach }
            taken = all.filter { $0.kind == .reach }
            return
        }
        spec = edited
        let folders = (known.ssh ?? SSHSettings(), edited.ssh ?? SSHSettings())
        if found.hasMembers, folders.0.directory != folders.1.directory, !found.hasFiles(edited) {
            throw EnsembleError(
                .wrong,
                "the servers have their files in \(folders.0.directory) of their hosts, and the spec "
                    + "says ssh, directory \(folders.1.directory), where they are not. Move "
                    + "\(folders.0.directory)/\(known.name) there first, or leave the directory as "
                    + "it was")
        }
        guard found.hasMembers else {
            taken = all
            return
        }
        for place in spec.servers.indices {
            let (old, new) = (known.servers[place], spec.servers[place])
            for (before, after) in [(old.dataDir, new.dataDir), (old.dataLogDir, new.dataLogDir)]
            where before != after {
                try Resumption.check(old.id, before, after, found.hasData)
            }
            spec.servers[place].takePlace(of: old)
        }
        left = all.filter { $0.kind == .place }
        taken = all.filter { $0.kind != .place }
    }

    /// A server that forgets what it has acknowledged may cost everybody what was acknowledged.
    private static func check(
        _ id: Int, _ old: String?, _ new: String?, _ hasData: (String) -> Bool
    ) throws(EnsembleError) {
        if let new, hasData(new) { return }
        throw EnsembleError(
            .wrong,
            "server \(id) has its data in \(old ?? "the ensemble's folder"), and the spec says "
                + "\(new ?? "nothing of it"), where there are none. Move them there first, or "
                + "leave the directory as it was")
    }
}

extension EnsembleSpec {
    /// What it says of an ensemble that is there: what it leaves open stays.
    fileprivate func resuming(_ known: EnsembleSpec) -> EnsembleSpec {
        var spec = self
        spec.name = known.name
        spec.runtime = known.runtime
        spec.isCount = known.isCount
        spec.ssh = ssh ?? known.ssh
        spec.image = image ?? known.image
        spec.config = config.ordered(like: known.config)
        for (place, server) in servers.enumerated() {
            guard let old = known.servers.first(where: { $0.id == server.id }) else { continue }
            spec.servers[place].config = server.config.ordered(like: old.config)
            spec.servers[place].binary = old.binary
            spec.servers[place].rollMark = old.rollMark
            if !server.arePortsChosen { spec.servers[place].ports = old.ports }
            spec.servers[place].arePortsChosen = old.arePortsChosen
        }
        return spec
    }
}

extension ServerSpec {
    /// Is where the other one is, and what it is to the ensemble.
    fileprivate mutating func takePlace(of other: ServerSpec) {
        host = other.host
        isObserver = other.isObserver
        group = other.group
        weight = other.weight
        ports.client = other.ports.client
        ports.quorum = other.ports.quorum
        ports.election = other.ports.election
    }
}
