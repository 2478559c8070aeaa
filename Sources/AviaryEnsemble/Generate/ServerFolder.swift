import Configuration
import Jute
import Records
public import Storage

/// The files of one server, as they are made from the spec: what it is started from.
public struct ServerFolder: Sendable {
    /// Absolute: `<ensemble>/<id>`.
    public let path: String
    /// The server.
    public let server: ServerSpec
    private let spec: EnsembleSpec
    /// Where it runs.
    let site: any ServerSite
    /// What the launcher gives every server of its ensembles; nothing in files for others, whose
    /// changes are their own affair.
    private let given: [ConfigEntry]

    /// The folder of `server` under the ensemble's folder.
    public init(
        _ server: ServerSpec, of spec: EnsembleSpec, in folder: String,
        given: [ConfigEntry] = []
    ) {
        self.init(
            server, of: spec, in: folder, given: given,
            at: Sites.site(of: server, in: spec))
    }

    private init(
        _ server: ServerSpec, of spec: EnsembleSpec, in folder: String, given: [ConfigEntry],
        at site: any ServerSite
    ) {
        self.site = site
        self.path = "\(site.home(folder))/\(server.id)"
        self.server = server
        self.spec = spec
        self.given = given
    }

    /// The files of a server for whoever starts it, in a folder of this machine.
    public static func generated(
        _ server: ServerSpec, of spec: EnsembleSpec, in folder: String
    ) -> ServerFolder {
        ServerFolder(server, of: spec, in: folder, given: [], at: LocalSite.shared)
    }

    /// Whether it is one of the launcher's own ensembles, and no files for others.
    private var hasOwner: Bool { !given.isEmpty }

    /// Where its files are.
    public var fileSystem: any FileSystem { site.fileSystem }
    /// Where clients on this machine find it.
    var clientHost: String { site.clientHost ?? server.clientHost ?? server.host }

    /// The folders of all servers of a spec.
    static func all(of spec: EnsembleSpec, in folder: String) -> [ServerFolder] {
        spec.servers.map { ServerFolder($0, of: spec, in: folder) }
    }

    /// The configuration path.
    public var configurationPath: String { path + "/zoo.cfg" }
    /// The log path.
    public var logPath: String { path + "/server.log" }
    /// The pid path.
    public var pidPath: String { path + "/server.pid" }
    /// There while somebody has stopped the server and wants it to stay so.
    public var stoppedPath: String { path + "/stopped" }
    /// Whether somebody has stopped it.
    var isStoppedOnPurpose: Bool { (try? fileSystem.exists(stoppedPath)) ?? false }
    /// There from before a server is first started to join until it is a member.
    var joiningPath: String { path + "/joining" }
    /// What the server was last started with.
    var stampPath: String { path + "/started" }
    /// Snapshots, epochs and `myid`.
    public var dataDirectory: String { server.dataDir ?? path + "/data" }

    /// Writes zoo.cfg, the dynamic file and `myid`, each whole or not at all.
    ///
    /// In a zoo.cfg that a server has made its own (it then names a numbered dynamic file) that
    /// name stays: the committed configuration is the truth about who belongs to the ensemble.
    /// Must not be called while the server runs, which writes the file itself.
    public func write(in fileSystem: any FileSystem) throws(StorageError) {
        if hasOwner { try LauncherFile.makeDirectory(ensemblePath, in: fileSystem) }
        try fileSystem.makeDirectory(path)
        try fileSystem.makeDirectory(dataDirectory)
        if let logs = server.dataLogDir { try fileSystem.makeDirectory(logs) }
        try AtomicFile.write(
            Array("\(server.id)\n".utf8), to: dataDirectory + "/myid", in: fileSystem)
        let own = try membersOfServer(in: fileSystem)
        // A server that joins has members of its own; in the spec's it would vote already.
        let isJoining = try fileSystem.exists(joiningPath)
        if own == nil, !isJoining {
            try AtomicFile.write(
                Array(dynamicText.utf8), to: configurationPath + ".dynamic", in: fileSystem)
        }
        try writeConfiguration(membersIn: own ?? configurationPath + ".dynamic", in: fileSystem)
    }

    /// Writes the files of a server that is to join: the members there are, and itself as an
    /// observer, so that two joiners can never form a quorum of their own.
    func write(toJoin committed: Membership, in fileSystem: any FileSystem) throws(StorageError) {
        if hasOwner { try LauncherFile.makeDirectory(ensemblePath, in: fileSystem) }
        try fileSystem.makeDirectory(path)
        try AtomicFile.write([], to: joiningPath, in: fileSystem)
        try readmit(in: fileSystem)
        let lines = ServerFolder.lines(toJoin: committed, server)
        let dynamicFile = configurationPath + ".dynamic"
        try AtomicFile.write(
            Array((lines.joined(separator: "\n") + "\n").utf8), to: dynamicFile, in: fileSystem)
        let proposed = dynamicFile + ".next"
        if try fileSystem.exists(proposed) { try fileSystem.remove(proposed) }
        try writeConfiguration(membersIn: dynamicFile, in: fileSystem)
        try write(in: fileSystem)
    }

    /// The members that a server starts with that is to join.
    static func lines(toJoin committed: Membership, _ server: ServerSpec) -> [String] {
        var observer = server
        observer.isObserver = true
        let others = committed.lines.filter { !$0.hasPrefix("server.\(server.id)=") }
        return (others + [line(of: observer)]).sorted()
    }

    private func writeConfiguration(
        membersIn dynamicFile: String, in fileSystem: any FileSystem
    ) throws(StorageError) {
        let text = configurationText(membersIn: dynamicFile)
        let old = try AtomicFile.read(configurationPath, in: fileSystem)
        if old != Array(text.utf8) {
            if hasOwner || LauncherFile.holdsCredential(text) {
                try LauncherFile.write(text, to: configurationPath, in: fileSystem)
            } else {
                try AtomicFile.write(Array(text.utf8), to: configurationPath, in: fileSystem)
            }
        }
    }

    /// The keys whose values in zoo.cfg are not those of the spec: the next start takes them back.
    var editedKeys: [String] {
        let bytes = (try? AtomicFile.read(configurationPath, in: fileSystem)) ?? nil
        guard let bytes else { return [] }
        let wanted = PropertiesFile(configurationText)
        let found = PropertiesFile(String(decoding: bytes, as: UTF8.self))
        let keys = Set((wanted.entries + found.entries).map(\.key)).subtracting([
            "dynamicConfigFile"
        ])
        return keys.filter { wanted[$0]?.value != found[$0]?.value }.sorted()
    }

    /// All that a running server would not learn without a restart.
    var stamp: String {
        configurationText(membersIn: "") + source(server.binary ?? spec.image)
    }

    /// What of its settings a server that runs would only learn by a restart.
    var pendingChanges: [SettingChange] {
        let bytes = (try? AtomicFile.read(stampPath, in: fileSystem)) ?? nil
        if let bytes {
            return SettingChange.between(stamp: String(decoding: bytes, as: UTF8.self), stamp)
        }
        // Started by a launcher that left no stamp: under no roll, from nothing else.
        return SettingChange.between(stamp: "", source(server.binary))
    }

    /// What it is started from, in the word that its runtime has for it, and under which roll.
    private func source(_ image: String?) -> String {
        let roll = "roll=\(server.rollMark ?? "")\n"
        guard spec.runtime == "docker" else { return "binary=\(server.binary ?? "")\n" + roll }
        return "image=\(image ?? "")\n" + roll
    }

    /// The epoch whose leader the server has followed last; nil if it cannot be read.
    var acceptedEpoch: Int? {
        let path = dataDirectory + "/version-2/currentEpoch"
        let bytes = (try? AtomicFile.read(path, in: fileSystem)) ?? nil
        return bytes.flatMap { bytes in
            Int(String(decoding: bytes.prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
        }
    }

    /// The numbered dynamic file that the server's zoo.cfg names, if it does.
    func membersOfServer(in fileSystem: any FileSystem) throws(StorageError) -> String? {
        guard let old = try AtomicFile.read(configurationPath, in: fileSystem) else { return nil }
        let entries = PropertiesFile(String(decoding: old, as: UTF8.self))
        let file = entries["dynamicConfigFile"]?.value
        return file?.contains(".dynamic.") ?? false ? file : nil
    }

    /// The members, one a line, in the order of plain strings.
    public var dynamicText: String { ServerFolder.dynamicText(of: spec) }

    static func dynamicText(of spec: EnsembleSpec) -> String {
        var lines = spec.servers.map(ServerFolder.line)
        let groups = Dictionary(grouping: spec.servers.filter { $0.group != nil }) { $0.group ?? 0 }
        lines += groups.map { group, servers in
            "group.\(group)=" + servers.map { String($0.id) }.joined(separator: ":")
        }
        for server in spec.servers {
            if let weight = server.weight { lines.append("weight.\(server.id)=\(weight)") }
        }
        return lines.sorted().joined(separator: "\n") + "\n"
    }

    private static func line(of server: ServerSpec) -> String {
        let host = Endpoint(host: ByteString(server.host), port: 0).description.dropLast(2)
        let role = server.isObserver ? "observer" : "participant"
        let port = server.ports.client
        let client =
            server.clientHost.map {
                Endpoint(host: ByteString($0), port: UInt16(clamping: port)).description
            } ?? "\(port)"
        return "server.\(server.id)=\(host):\(server.ports.quorum):\(server.ports.election)"
            + ":\(role);\(client)"
    }

    /// The static part: defaults, then the spec's keys, then the server's own.
    public var configurationText: String {
        configurationText(membersIn: configurationPath + ".dynamic")
    }

    private func configurationText(membersIn dynamicFile: String) -> String {
        var keys: [(key: String, value: String)] = [
            ("tickTime", "2000"), ("initLimit", "10"), ("syncLimit", "5"),
            ("dataDir", dataDirectory),
        ]
        if let logs = server.dataLogDir { keys.append(("dataLogDir", logs)) }
        // A container's address may change under its name.
        if spec.runtime == "docker" { keys.append(("quorumListenOnAllIPs", "true")) }
        keys += [
            ("4lw.commands.whitelist", "srvr,ruok,mntr,isro,envi,conf,stat,cons,dirs,wchs"),
            ("autopurge.snapRetainCount", "3"), ("autopurge.purgeInterval", "24"),
        ]
        keys += given.map { ($0.key, $0.value) }
        // A laptop's servers are administered from the laptop alone, unless somebody says so.
        let isLocal = ["localhost", "127.0.0.1"].contains(server.host)
        if let port = server.ports.admin {
            if isLocal { keys.append(("admin.serverAddress", "127.0.0.1")) }
            keys.append(("admin.serverPort", String(port)))
        }
        if let port = server.ports.secureClient {
            keys.append(("secureClientPort", String(port)))
        }
        if let port = server.ports.metrics {
            keys += [
                (
                    "metricsProvider.className",
                    "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"
                ), ("metricsProvider.httpPort", String(port)),
            ]
            if isLocal { keys.append(("metricsProvider.httpHost", "127.0.0.1")) }
        }
        for entry in spec.config + server.config {
            if let place = keys.firstIndex(where: { $0.key == entry.key }) {
                keys[place].value = entry.value
            } else {
                keys.append((entry.key, entry.value))
            }
        }
        keys.append(("dynamicConfigFile", dynamicFile))
        return keys.map { "\($0.key)=\($0.value)\n" }.joined()
    }
}
