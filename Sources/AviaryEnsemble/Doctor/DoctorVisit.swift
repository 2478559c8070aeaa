internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// Looks at the servers of an ensemble, wherever they are, for the doctor; changes nothing but a
/// file of a few kilobytes, which shows how fast the disk is and goes again.
public struct DoctorVisit {
    private let ensemble: LocalEnsemble

    /// A visit to `ensemble`.
    public init(_ ensemble: LocalEnsemble) { self.ensemble = ensemble }

    /// All that is seen now.
    public func facts() throws -> DoctorFacts {
        let status = ensemble.status()
        // Of a change that was interrupted, what is still to be taken over by who runs.
        let wanted = try ensemble.folder.loadWanted() ?? ensemble.spec
        let spec = ensemble.spec.adoptingSettings(of: wanted)
        let given = ensemble.folder.given(of: ensemble.spec)
        let servers = ensemble.servers.map { folder in
            var facts = look(at: folder)
            if facts.unreachable == nil {
                let server = spec.servers.first { $0.id == facts.id } ?? folder.server
                let pending =
                    ServerFolder(server, of: spec, in: ensemble.folder.path, given: given)
                    .pendingChanges
                if facts.isRunning { facts.pending = pending }
                // What it was started with differs as well: nobody has edited that.
                facts.editedKeys.removeAll { key in pending.contains { $0.key == key } }
            }
            if let seen = status.servers.first(where: { $0.id == facts.id }) {
                facts.adopt(seen, leader: status.leader)
            }
            return facts
        }
        var facts = DoctorFacts(
            ensemble: ensemble.folder.name,
            wanted: try wanted.membership(), servers: servers)
        facts.identity = ensemble.folder.identity
        facts.committed = committed(status.leader)
        facts.isChangeInterrupted =
            try ensemble.folder.loadWanted() != nil && !ensemble.isChanging
        facts.specOnRecord = ensemble.folder.staleSpecFile == nil ? ensemble.folder.specFile : nil
        facts.canGrow = ensemble.spec.runtime != "ssh"
        if ensemble.spec.runtime == "process" { facts.openFilesMax = MachineProbe.openFilesMax }
        if ensemble.folder.operatorCredential != nil {
            let file = ensemble.folder.path + "/operator"
            facts.credentialFile = file
            facts.isCredentialPublic = MachineProbe.isOpenToOthers(file)
        }
        return facts
    }

    /// What a leader shows in `conf`.
    private func committed(_ leader: ServerStatus?) -> Membership? {
        guard let leader,
            let folder = ensemble.servers.first(where: { $0.server.id == leader.id })
        else { return nil }
        let question = FourLetterClient.Question(
            word: "conf", host: folder.clientHost, port: folder.server.ports.client)
        return FourLetterClient.ask([question])[0].flatMap { DoctorVisit.membership(shownIn: $0) }
    }

    /// The members in an answer to `conf`; nil of a server that stands alone.
    static func membership(shownIn answer: String) -> Membership? {
        let lines = answer.split(separator: "\n").filter {
            Membership.isKey(String($0)) || $0.hasPrefix("version=")
        }
        let membership = try? Membership(text: Array(lines.joined(separator: "\n").utf8))
        return membership?.members.isEmpty ?? true ? nil : membership
    }

    // MARK: One server

    private func look(at folder: ServerFolder) -> ServerFacts {
        var facts = ServerFacts(id: folder.server.id, directory: folder.path)
        facts.host = folder.server.host
        let process = ServerProcess(folder)
        let pid = process.pid
        facts.isRunning = pid != nil
        facts.unreachable = pid == nil ? folder.site.problem : nil
        guard facts.unreachable == nil else { return facts }
        facts.isPaused = pid.flatMap { folder.site.usage(of: folder, $0) }?.isPaused ?? false
        facts.isStoppedOnPurpose = ensemble.isMeantToBeStopped(folder)
        readConfiguration(of: folder, &facts)
        readData(of: folder, &facts)
        facts.addresses = folder.site.addresses(of: folder.server.host)
        facts.clock = folder.site.clock
        if !facts.isRunning { facts.takenPorts = folder.site.taken(folder.server.ports) }
        return facts
    }

    private func readConfiguration(of folder: ServerFolder, _ facts: inout ServerFacts) {
        guard let text = read(folder.configurationPath, folder) else {
            facts.hasConfiguration = false
            facts.hasSnapshot = true
            return
        }
        let parsed = ServerConfiguration.parse(text, file: folder.configurationPath)
        facts.settings = parsed.configuration
        facts.problems = parsed.problems
        facts.editedKeys = folder.editedKeys
        facts.membersFile = parsed.configuration.dynamicConfigFile
        guard let file = parsed.configuration.dynamicConfigFile else {
            facts.members = parsed.configuration.membership
            return
        }
        facts.members = read(file, folder).flatMap { try? DynamicFile.parse($0, file: file) }
    }

    private func readData(of folder: ServerFolder, _ facts: inout ServerFacts) {
        facts.data = folder.site.inspect(folder.dataDirectory)
        facts.logs = folder.server.dataLogDir.map { folder.site.inspect($0) } ?? facts.data
        if let line = read(folder.dataDirectory + "/myid", folder) {
            let first = line.split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
            facts.myID = Int(first).map(MyIDFact.id) ?? .unreadable(String(first))
        } else {
            facts.myID = .missing
        }
        let snapshots = folder.dataDirectory + "/version-2"
        let logs = facts.logs.path + "/version-2"
        facts.hasSnapshot = names(in: snapshots, folder).contains { $0.hasPrefix("snapshot.") }
        facts.hasLog = names(in: logs, folder).contains { $0.hasPrefix("log.") }
        facts.acceptedEpoch = epoch(snapshots + "/acceptedEpoch", folder)
        facts.currentEpoch = epoch(snapshots + "/currentEpoch", folder)
    }

    // MARK: Files

    private func names(in directory: String, _ folder: ServerFolder) -> [String] {
        (try? folder.fileSystem.list(directory)) ?? []
    }

    private func read(_ path: String, _ folder: ServerFolder) -> String? {
        ((try? AtomicFile.read(path, in: folder.fileSystem)) ?? nil).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func epoch(_ path: String, _ folder: ServerFolder) -> Int? {
        read(path, folder).flatMap { Int($0.prefix { $0.isNumber }) }
    }
}
