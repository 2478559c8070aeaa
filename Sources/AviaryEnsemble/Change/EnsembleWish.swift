// The changes that are common enough to be typed: each makes another spec of the one that is kept.

internal import Records
internal import Storage

/// What is wanted of an ensemble: the spec that is kept, or the one an interrupted change was to
/// come to, with the edits of a verb.
public struct EnsembleWish {
    /// As it is wanted now.
    public private(set) var spec: EnsembleSpec
    /// The ensemble as it is kept, and what is left of an earlier change that came to no end.
    private let record: EnsembleSpec
    private let unfinished: [SpecDifference]
    /// Ids that are not to be given: a server that comes back is a new one.
    private var usedIDs: Set<Int>
    /// Ids of former members whose files are still there.
    private let formerIDs: Set<Int>
    private var removedFolder = "removed"
    /// Ports of the servers there are, which a new one must not get.
    private var usedPorts: Set<Int>
    private let isPortFree: (Int) -> Bool

    /// The wish that is kept in the folder of an ensemble.
    public init(_ folder: EnsembleFolder) throws {
        guard let record = try folder.load() else {
            throw EnsembleError(
                .unreachable, "there is no ensemble \(folder.name); 'aviary up' starts one")
        }
        let wanted = try folder.loadWanted() ?? record
        self.init(wanted, besides: record, formerIDs: folder.formerIDs) { port in
            guard let socket = PortReservation.take(port, isLoopback: false, orAny: false) else {
                return false
            }
            socket.close()
            return true
        }
        removedFolder = folder.path + "/removed"
    }

    init(
        _ spec: EnsembleSpec, besides record: EnsembleSpec, formerIDs: [Int],
        isPortFree: @escaping (Int) -> Bool
    ) {
        let all = spec.servers + record.servers
        self.spec = spec
        self.record = record
        self.unfinished = SpecDifference.between(record, spec)
        self.usedIDs = Set(all.map(\.id) + formerIDs)
        self.formerIDs = Set(formerIDs).subtracting(all.map(\.id))
        self.usedPorts = Set(all.flatMap(\.ports.all))
        self.isPortFree = isPortFree
    }

    /// What is left of an earlier change, and is still wanted: the next one carries it out as well.
    public var carriedAlong: [SpecDifference] {
        let now = SpecDifference.between(record, spec)
        return unfinished.filter { now.contains($0) }
    }

    /// How many may fail, whoever they are, where groups and weights decide that; nil where it is
    /// their number.
    public var survivedByWeight: Int? {
        guard let members = try? spec.membership(), members.isHierarchical else { return nil }
        return QuorumMargin(members, synced: Set(members.voters)).mayFail
    }

    /// More servers, with ids and ports that no other has or had.
    public mutating func add(_ count: Int, isObserver: Bool) throws(EnsembleError) {
        guard spec.runtime != "ssh" else {
            throw EnsembleError(
                .misused,
                "which hosts new servers are for only a spec can say: add them there, and then "
                    + "'aviary apply SPEC'")
        }
        for _ in 0..<count {
            try add(
                ServerSpec(
                    id: 0, host: spec.servers.first?.host ?? "localhost", isObserver: isObserver,
                    ports: Ports(place: 0), arePortsChosen: false))
        }
    }

    /// A server like this one, as a new one.
    private mutating func add(_ model: ServerSpec) throws(EnsembleError) {
        var server = model
        server.id = try nextID()
        server.dataDir = nil
        server.dataLogDir = nil
        if server.group == nil { server.group = spec.servers.first?.group }
        server.ports = ports(server.id)
        server.arePortsChosen = true
        if spec.runtime == "docker" {
            server.host = SpecReader.containerHost(server.id, in: spec.name)
        }
        spec.servers.append(server)
        spec.servers.sort { $0.id < $1.id }
    }

    /// Those of them that it does not know.
    public func unknown(among ids: [Int]) -> [Int] {
        ids.filter { id in !spec.servers.contains { $0.id == id } }
    }

    private mutating func nextID() throws(EnsembleError) -> Int {
        let next = (usedIDs.max() ?? 0) + 1
        guard let id = next <= 255 ? next : (1...255).first(where: { !usedIDs.contains($0) }) else {
            throw EnsembleError(
                .failed,
                "all ids from 1 to 255 have been given. Once the files of former members in "
                    + "\(removedFolder) are deleted, theirs can be given again")
        }
        usedIDs.insert(id)
        return id
    }

    /// The ports that go with an id, or the next ones that are free.
    private mutating func ports(_ id: Int) -> Ports {
        func free(_ port: Int) -> Int {
            let candidates = port..<max(port + 1, min(port + 2000, 65536))
            return candidates.first { !usedPorts.contains($0) && isPortFree($0) } ?? port
        }
        var ports = Ports(place: id - 1)
        (ports.secureClient, ports.metrics) = (nil, nil)
        for key in [\Ports.client, \Ports.quorum, \Ports.election] {
            ports[keyPath: key] = free(ports[keyPath: key])
            usedPorts.insert(ports[keyPath: key])
        }
        if let admin = ports.admin {
            let port = free(admin)
            ports.admin = port
            usedPorts.insert(port)
        }
        return ports
    }

    /// Fewer servers.
    ///
    /// `others` are members that the record does not have: somebody else has added them.
    public mutating func remove(
        _ ids: [Int], others: [Int] = []
    ) throws(EnsembleError) {
        try check(ids.filter { !others.contains($0) })
        spec.servers.removeAll { ids.contains($0.id) }
        guard spec.servers.contains(where: { !$0.isObserver }) else {
            throw EnsembleError(
                .misused,
                "no participant would be left. 'aviary down --purge' removes an ensemble with all "
                    + "its data")
        }
    }

    /// A new server in the place of each; an old id with empty disks would vote for what it has
    /// forgotten.
    ///
    /// - Returns: what a new server has not taken over from the old one, a line each.
    @discardableResult
    public mutating func replace(_ ids: [Int]) throws(EnsembleError) -> [String] {
        try check(ids)
        var notes: [String] = []
        for id in ids {
            guard let place = spec.servers.firstIndex(where: { $0.id == id }) else { continue }
            let model = spec.servers.remove(at: place)
            try add(model)
            let old = [("dataDir", model.dataDir), ("dataLogDir", model.dataLogDir)]
                .compactMap { key, path in path.map { "\(key) \($0)" } }
            guard !old.isEmpty else { continue }
            notes.append(
                "the server in the place of \(id) has its data in the ensemble's folder: "
                    + "\(old.joined(separator: " and ")) was \(id)'s own, and stays as it is. A spec "
                    + "can name other directories for a new server")
        }
        return notes
    }

    /// So many participants: new ones, or without the highest ids, the leader's only at last.
    public mutating func scale(to count: Int, leader: Int?) throws(EnsembleError) {
        let voters = spec.servers.filter { !$0.isObserver }.map(\.id)
        if count > voters.count { return try add(count - voters.count, isObserver: false) }
        let order = voters.filter { $0 != leader }.reversed() + voters.filter { $0 == leader }
        try remove(Array(order.prefix(voters.count - count)))
    }

    /// Every server restarts, or those of these ids, from another binary if one is named.
    public mutating func roll(
        _ ids: [Int], binary: String?, mark: String
    ) throws(EnsembleError) {
        try check(ids)
        for place in spec.servers.indices where ids.isEmpty || ids.contains(spec.servers[place].id)
        {
            if let binary { spec.servers[place].binary = binary }
            spec.servers[place].rollMark = mark
        }
    }

    /// What a spec says; where it leaves ports open, servers keep theirs and new ones get free ones.
    public mutating func adopt(_ new: EnsembleSpec) throws(EnsembleError) {
        guard new.runtime == spec.runtime else {
            throw EnsembleError(
                .wrong,
                "\(spec.name) has runtime \(spec.runtime), and the spec has \(new.runtime): servers "
                    + "do not move from one to another")
        }
        try checkHostDirectory(new)
        var result = new.naming(spec)
        result.ssh = new.ssh ?? spec.ssh
        result.isCount = spec.isCount
        result.name = spec.name
        result.config = new.config.ordered(like: spec.config)
        let count = spec.servers.count { !$0.isObserver }
        for place in result.servers.indices {
            if new.isCount, place >= count { try number(&result.servers[place]) }
            let server = result.servers[place]
            try checkFormer(server.id)
            let old = spec.servers.first { $0.id == server.id }
            if let old {
                try checkDirectories(old, server)
                result.servers[place].config = server.config.ordered(like: old.config)
            }
            result.servers[place].binary = old?.binary
            result.servers[place].rollMark = old?.rollMark
            guard !server.arePortsChosen else { continue }
            // Whether a port of another host is free nobody here can say.
            let isElsewhere = spec.runtime == "ssh"
            result.servers[place].ports =
                old?.ports ?? (isElsewhere ? server.ports : ports(server.id))
        }
        result.servers.sort { $0.id < $1.id }
        spec = result
    }

    /// A new server that a spec only counts.
    private mutating func number(_ server: inout ServerSpec) throws(EnsembleError) {
        server.id = try nextID()
        guard spec.runtime == "docker" else { return }
        server.host = SpecReader.containerHost(server.id, in: spec.name)
    }

    /// An old id on an empty disk would vote for what it has forgotten, and its old files could
    /// come back beside it.
    private func checkFormer(_ id: Int) throws(EnsembleError) {
        guard formerIDs.contains(id) else { return }
        throw EnsembleError(
            .wrong,
            "server \(id) was a member before, and an id is not given again: with an empty disk it "
                + "would vote for what it has forgotten. 'aviary spec --ensemble \(spec.name)' shows "
                + "who is a member now; a new server gets an id of its own, say "
                + "\((usedIDs.max() ?? 0) + 1). Or delete what is left of the old one: rm -r "
                + "\(removedFolder)/\(id)-*")
    }

    private func checkDirectories(_ old: ServerSpec, _ new: ServerSpec) throws(EnsembleError) {
        guard old.dataDir != new.dataDir || old.dataLogDir != new.dataLogDir else { return }
        throw EnsembleError(
            .wrong,
            "the data of server \(old.id) cannot be moved while it is a member. Give the server "
                + "with the new directory another id, and leave \(old.id) out: that replaces it")
    }

    private func checkHostDirectory(_ new: EnsembleSpec) throws(EnsembleError) {
        let (old, wanted) = (spec.ssh ?? SSHSettings(), new.ssh ?? spec.ssh ?? SSHSettings())
        guard old.directory != wanted.directory else { return }
        throw EnsembleError(
            .wrong,
            "the servers have their files in \(old.directory) of their hosts, and the spec says ssh, "
                + "directory \(wanted.directory): they cannot be moved while they run. 'aviary down', "
                + "move \(old.directory)/\(spec.name) on every host, then 'aviary up SPEC'")
    }

    /// What a plan was made for that was written down: it must still be possible.
    public func check(_ wanted: EnsembleSpec) throws(EnsembleError) {
        var other = self
        try other.adopt(wanted)
    }

    private func check(_ ids: [Int]) throws(EnsembleError) {
        let known = spec.servers.map(\.id)
        guard let unknown = ids.first(where: { !known.contains($0) }) else { return }
        throw EnsembleError(
            .misused,
            "there is no server \(unknown) in \(spec.name), only "
                + known.map(String.init).joined(separator: ", ")
                + "; 'aviary status' shows them")
    }
}

extension Ports {
    /// All that are used.
    var all: [Int] {
        [client, quorum, election] + [admin, secureClient, metrics].compactMap { $0 }
    }
}
