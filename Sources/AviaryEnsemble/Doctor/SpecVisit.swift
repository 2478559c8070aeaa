internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// Looks at what a spec describes: before anything is started, or where somebody else starts it.
public struct SpecVisit {
    private let spec: EnsembleSpec
    private let file: String
    private let home: EnsembleHome

    /// A visit to the ensemble of `spec`, which was read from `file`.
    public init(_ spec: EnsembleSpec, file: String, home: EnsembleHome) {
        self.spec = spec
        self.file = file
        self.home = home
    }

    /// All that is seen now.
    public func facts() async throws -> DoctorFacts {
        var facts = DoctorFacts(
            ensemble: spec.name, wanted: try spec.membership(), servers: [])
        facts.specFile = file
        if spec.runtime == "external" {
            facts.isExternal = true
            lookAtRunning(&facts)
            for place in facts.servers.indices where facts.servers[place].mode != nil {
                facts.servers[place].clock = await ServerClock.ask(facts.servers[place])
            }
        } else {
            facts.isPlanned = true
            if spec.runtime == "process" { facts.openFilesMax = MachineProbe.openFilesMax }
            facts.identity = home.folder(spec.name).identity
            facts.servers = folders.map { lookAhead($0) }
        }
        return facts
    }

    private var folders: [ServerFolder] {
        spec.servers.map { ServerFolder($0, of: spec, in: home.path + "/" + spec.name) }
    }

    // MARK: Servers to be

    private func lookAhead(_ folder: ServerFolder) -> ServerFacts {
        var facts = ServerFacts(id: folder.server.id, directory: folder.path)
        facts.host = folder.server.host
        let parsed = ServerConfiguration.parse(
            folder.configurationText, file: folder.configurationPath)
        facts.settings = parsed.configuration
        facts.problems = parsed.problems
        facts.isRunning = ServerProcess(folder).pid != nil
        facts.data = DirectoryFacts(folder.dataDirectory)
        facts.logs = folder.server.dataLogDir.map { DirectoryFacts($0) } ?? facts.data
        // In containers and on other hosts, names, ports and disks are theirs.
        guard spec.runtime == "process" else { return facts }
        facts.addresses = FourLetterClient.names(of: folder.server.host)
        facts.data = MachineProbe.inspect(folder.dataDirectory, isToBeMade: true)
        facts.logs =
            folder.server.dataLogDir.map { MachineProbe.inspect($0, isToBeMade: true) }
            ?? facts.data
        if !facts.isRunning, folder.server.arePortsChosen {
            facts.takenPorts = MachineProbe.taken(folder.server.ports)
        }
        return facts
    }

    // MARK: Servers of others

    private func lookAtRunning(_ facts: inout DoctorFacts) {
        let folders = folders
        let status = EnsembleStatus(
            name: spec.name, servers: ServerStatus.ask(folders, isElsewhere: true),
            time: LocalEnsemble.seconds())
        let texts = FourLetterClient.ask(
            folders.map {
                FourLetterClient.Question(
                    word: "conf", host: $0.clientHost, port: $0.server.ports.client)
            })
        facts.servers = zip(folders, texts).map { folder, text in
            var server = ServerFacts(id: folder.server.id, directory: folder.path)
            server.host = folder.server.host
            server.port = folder.server.ports.client
            server.addresses = FourLetterClient.names(of: folder.server.host)
            server.hasConfiguration = text != nil
            server.settings = settings(text)
            server.data = DirectoryFacts(server.settings.dataDirectory)
            if let seen = status.servers.first(where: { $0.id == server.id }) {
                server.adopt(seen, leader: status.leader)
            }
            return server
        }
        if let leader = facts.servers.firstIndex(where: { $0.mode == "leader" }) {
            facts.committed = texts[leader].flatMap { DoctorVisit.membership(shownIn: $0) }
        }
    }

    /// What a server tells of its settings; the rest counts as it is by default.
    private func settings(_ text: String?) -> ServerConfiguration {
        var settings = ServerConfiguration()
        guard let text else { return settings }
        let told = ["tickTime=", "initLimit=", "syncLimit=", "dataDir="]
        let lines = text.split(separator: "\n").filter { line in
            told.contains { line.hasPrefix($0) }
        }
        settings =
            ServerConfiguration.parse(lines.joined(separator: "\n"), file: "conf").configuration
        // It has just answered one.
        settings.fourLetterWords = "*"
        return settings
    }
}
