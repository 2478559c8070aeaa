// Specs from zoo.cfg files, as they lie on servers or in somebody's repository.

internal import Configuration
internal import Jute
internal import Records

/// One zoo.cfg, and what was found beside it.
struct ConfigurationFile {
    /// Where it is.
    var path: String
    /// Which server it is for; nil if no `myid` says so.
    var id: Int?
    /// What it says.
    var configuration: ServerConfiguration
    /// Its own lines, or those of its dynamic file.
    var membership: Membership
}

/// Makes a spec of the files of some or all servers, or of the one file that all of them have.
struct ConfigurationImport {
    let name: String
    let files: [ConfigurationFile]
    private var notes: [String] = []

    init(name: String, files: [ConfigurationFile]) {
        self.name = name
        self.files = files
    }

    /// The import, or why there is none.
    static func run(
        name: String, files: [ConfigurationFile]
    ) throws(EnsembleError) -> EnsembleImport {
        var work = ConfigurationImport(name: name, files: files)
        return try work.run().checked()
    }

    private mutating func run() throws(EnsembleError) -> EnsembleImport {
        let alone = files.filter { $0.membership.members.isEmpty }
        if let first = alone.first {
            guard files.count == 1 else {
                throw EnsembleError(
                    .wrong,
                    "\(first.path) is of a server that stands alone: import it by itself")
            }
            return standalone(first)
        }
        try checkIDs()
        let membership = try newestMembership()
        var servers = try EnsembleImport.servers(membership) { member throws(EnsembleError) in
            try clientPort(of: member)
        }
        let common = commonEntries()
        for place in servers.indices { complete(&servers[place], besides: common) }
        noteUnknown(servers)
        let spec = EnsembleSpec(
            name: name, runtime: "external", config: common, servers: servers)
        return EnsembleImport(spec: spec, notes: notes)
    }

    /// A server without an ensemble becomes an ensemble of one, which may grow.
    private mutating func standalone(_ file: ConfigurationFile) -> EnsembleImport {
        var ports = Ports(place: 0)
        (ports.secureClient, ports.metrics, ports.admin) = (nil, nil, nil)
        ports.client = Int(file.configuration.clientPort ?? 2181)
        var server = ServerSpec(
            id: file.id ?? 1, host: "localhost", isObserver: false, ports: ports,
            arePortsChosen: true)
        adopt(file, &server)
        notes.append(
            "\(file.path) is of a server that stands alone. Stop it, and 'aviary up' of this spec "
                + "goes on with its data as an ensemble of one, which 'aviary scale 3' makes three")
        return EnsembleImport(
            spec: EnsembleSpec(
                name: name, runtime: "process", config: entries(of: file), servers: [server]),
            notes: notes)
    }

    private func checkIDs() throws(EnsembleError) {
        guard files.count > 1 else { return }
        if let file = files.first(where: { $0.id == nil }) {
            throw EnsembleError(
                .wrong,
                "which server \(file.path) is for cannot be told: neither in its dataDir "
                    + "(\(file.configuration.dataDirectory)) nor beside it is there a myid. Put a "
                    + "copy of it there")
        }
        for (place, file) in files.enumerated() {
            guard let other = files[..<place].first(where: { $0.id == file.id }) else { continue }
            throw EnsembleError(
                .wrong,
                "\(other.path) and \(file.path) are both for server \(file.id ?? 0): their myid "
                    + "files say so")
        }
    }

    /// The configuration of the highest version; files of one version must agree.
    private mutating func newestMembership() throws(EnsembleError) -> Membership {
        guard var newest = files.first else {
            throw EnsembleError(.misused, "name at least one zoo.cfg")
        }
        for file in files.dropFirst() where file.membership.version > newest.membership.version {
            newest = file
        }
        for file in files where file.membership.version < newest.membership.version {
            notes.append("\(file.path) has older members than \(newest.path); they are left out")
        }
        var membership = newest.membership
        for file in files where file.membership.version == membership.version {
            try merge(file, into: &membership, of: newest)
        }
        return membership
    }

    /// Adds what another file of the same version says better: a server's own file may have a
    /// wildcard where the others have its name.
    private func merge(
        _ file: ConfigurationFile, into membership: inout Membership, of newest: ConfigurationFile
    ) throws(EnsembleError) {
        func disagree(_ id: ServerID) -> EnsembleError {
            EnsembleError(
                .wrong, "\(newest.path) and \(file.path) do not agree about server.\(id)")
        }
        for id in Set(membership.members + file.membership.members).map(\.id).sorted() {
            guard let place = membership.members.firstIndex(where: { $0.id == id }),
                let other = file.membership.member(id)
            else { throw disagree(id) }
            var own = membership.members[place]
            if own.hasWildcard {
                (own.quorum.host, own.election.host) = (other.quorum.host, other.election.host)
            }
            if own.client == nil { own.client = other.client }
            let isSame =
                own.quorum.port == other.quorum.port && own.election.port == other.election.port
                && own.role == other.role && own.further.count == other.further.count
                && (other.hasWildcard || own.quorum.host == other.quorum.host)
                && (other.client == nil || own.client?.port == other.client?.port)
            guard isSame else { throw disagree(id) }
            membership.members[place] = own
        }
    }

    /// The file of a server; one file alone is every server's, but for those that share a host.
    private func file(of id: Int) -> ConfigurationFile? {
        guard files.count == 1, let only = files.first, only.id != id else {
            return files.count == 1 ? files.first : files.first { $0.id == id }
        }
        let host = only.membership.member(ServerID(Int64(id)))?.quorum.host
        return only.membership.members.count { $0.quorum.host == host } == 1 ? only : nil
    }

    private mutating func noteUnknown(_ servers: [ServerSpec]) {
        let ids = servers.map(\.id).filter { file(of: $0) == nil }
        guard files.count == 1, let only = files.first, !ids.isEmpty else { return }
        notes.append(
            "where server \(ids.map(String.init).joined(separator: ", ")) keeps data, and at which ports "
                + "it is administered, \(only.path) cannot say, since several share a host: name the "
                + "zoo.cfg of each")
    }

    private func clientPort(of member: Member) throws(EnsembleError) -> Int {
        let id = Int(member.id.rawValue)
        if let port = file(of: id)?.configuration.clientPort { return Int(port) }
        throw EnsembleError(
            .wrong,
            "no file says at which port server \(id) serves clients: name the zoo.cfg of that server "
                + "too, or write ';PORT' behind its server.\(id) line")
    }

    // MARK: Settings

    /// What the spec has a place of its own for, or makes itself.
    private static let places: Set<String> = [
        "dataDir", "dataLogDir", "clientPort", "clientPortAddress", "secureClientPort",
        "admin.serverPort", "metricsProvider.httpPort", "peerType", "dynamicConfigFile",
    ]

    /// The other keys of a file, each once, in the file's order.
    private func entries(of file: ConfigurationFile) -> [ConfigEntry] {
        let all = file.configuration.entries
        var last: [String: PropertiesFile.Entry] = [:]
        for entry in all { last[entry.key] = entry }
        return all.filter { entry in
            last[entry.key] == entry && !Membership.isKey(entry.key)
                && !ConfigurationImport.places.contains(entry.key) && entry.isForSpec
        }.map { ConfigEntry(key: $0.key, value: $0.text) }
    }

    private mutating func commonEntries() -> [ConfigEntry] {
        for file in files {
            for entry in file.configuration.entries
            where !entry.isForSpec && !Membership.isKey(entry.key) {
                notes.append("\(file.path):\(entry.line): \(entry.key) is left out")
            }
        }
        guard let first = files.first else { return [] }
        let others = files.dropFirst().map { entries(of: $0) }
        return entries(of: first).filter { entry in others.allSatisfy { $0.contains(entry) } }
    }

    private func complete(_ server: inout ServerSpec, besides common: [ConfigEntry]) {
        guard let file = file(of: server.id) else { return }
        adopt(file, &server)
        server.config = entries(of: file).filter { !common.contains($0) }
    }

    /// Directories and ports that are for this server alone.
    private func adopt(_ file: ConfigurationFile, _ server: inout ServerSpec) {
        let configuration = file.configuration
        server.dataDir = configuration.dataDirectory
        if configuration.logDirectory != configuration.dataDirectory {
            server.dataLogDir = configuration.logDirectory
        }
        func port(_ key: String) -> Int? {
            configuration.entries.last { $0.key == key }.flatMap { Int($0.text) }
        }
        server.ports.admin = port("admin.serverPort").flatMap { $0 > 0 ? $0 : nil }
        server.ports.secureClient = port("secureClientPort")
        server.ports.metrics = port("metricsProvider.httpPort")
    }
}

extension Member {
    fileprivate var hasWildcard: Bool { quorum.isWildcard }
}

extension PropertiesFile.Entry {
    /// Without blanks at the end.
    fileprivate var text: String {
        var text = Substring(value)
        while let last = text.unicodeScalars.last, last.properties.isWhitespace {
            text.unicodeScalars.removeLast()
        }
        return String(text)
    }

    /// Whether a spec takes it.
    fileprivate var isForSpec: Bool {
        KnownKeys.isKnown(key)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
