// Servers in containers of the engine on this machine, by its command line: a network and a volume
// each of their own. A volume is the server's folder in the ensemble's, at the same path within.

internal import Storage
internal import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Docker on this machine.
final class ContainerSite: ServerSite {
    static let shared = ContainerSite()

    let fileSystem: any FileSystem = POSIXFileSystem()
    var clientHost: String? { "localhost" }
    var reservesPorts: PortUse { .lookedAt }
    private let seen = Mutex<Inventory>(Inventory())

    /// What ran a moment ago: a look takes as long as starting the engine's client twice.
    private struct Inventory {
        var time = -1.0
        var ensemble = ""
        var pids: [String: Int32] = [:]
        /// Why nothing is known.
        var problem: String?
    }

    var problem: String? { seen.withLock { $0.problem } }

    func home(_ folder: String) -> String { folder }

    /// Names of containers are known in their network alone.
    func addresses(of host: String) -> [String]? { [] }

    /// The others are ports of a network of the containers' own.
    func taken(_ ports: Ports) -> [ServerFacts.TakenPort] {
        MachineProbe.taken(ports).filter { $0.name == "client" }
    }

    func pid(of folder: ServerFolder) -> Int32? {
        seen.withLock { inventory in
            let now = LocalEnsemble.seconds()
            if inventory.ensemble != folder.ensemblePath || now - inventory.time > 0.15 {
                inventory = ContainerSite.look(folder.ensemblePath)
                inventory.time = now
            }
            return inventory.pids[folder.path]
        }
    }

    private func forget() { seen.withLock { $0.time = -1 } }

    /// The processes of the containers that run, by the folders of their servers.
    private static func look(_ ensemble: String) -> Inventory {
        var found = Inventory(ensemble: ensemble)
        let list = docker(["ps", "-q", "--filter", "label=aviary.ensemble=\(ensemble)"])
        let ids = list.output.split(separator: "\n").map(String.init)
        guard list.code == 0 else {
            found.problem = complaint(list)
            return found
        }
        guard !ids.isEmpty else { return found }
        let form = "{{index .Config.Labels \"aviary.folder\"}}\t{{.State.Status}}\t{{.State.Pid}}"
        let states = docker(["inspect", "--format", form] + ids)
        // One may have ended since, and that is no reason to know nothing of the others.
        guard states.code == 0 || states.errors.lowercased().contains("no such") else {
            found.problem = complaint(states)
            return found
        }
        for line in states.output.split(separator: "\n") {
            let words = line.split(separator: "\t")
            if words.count == 3, ["running", "paused"].contains(words[1]), let pid = Int32(words[2])
            {
                found.pids[String(words[0])] = pid
            }
        }
        return found
    }

    private static func complaint(_ result: CommandResult) -> String {
        "docker: \(result.complaint). What its containers do is not known; 'docker info' shows "
            + "whether its engine runs, and whether you may use it"
    }

    private static func docker(_ words: [String], seconds: Double = 60) -> CommandResult {
        Command.run(["docker"] + words, seconds: seconds)
    }

    func usage(of folder: ServerFolder, _ pid: Int32) -> ProcessUsage? { ProcessUsage.of(pid) }

    func signal(_ number: CInt, to folder: ServerFolder) -> Bool {
        guard number != 0 else { return pid(of: folder) != nil }
        defer { forget() }
        guard let id = ContainerSite.containers(folder, all: false).first else { return false }
        let name = SignalName.of(number) ?? String(number)
        return ContainerSite.docker(["kill", "--signal", name, id]).code == 0
    }

    private static func containers(_ folder: ServerFolder, all: Bool) -> [String] {
        let words = ["ps", all ? "-aq" : "-q", "--filter", "label=aviary.folder=\(folder.path)"]
        return docker(words).output.split(separator: "\n").map(String.init)
    }

    func start(
        _ folder: ServerFolder, _ binary: String,
        _ sockets: [(name: String, socket: PortReservation)]
    ) throws(EnsembleError) {
        defer { forget() }
        try prepare(folder)
        let server = folder.server
        var words = [
            "run", "-d", "--name", folder.containerName, "--hostname", server.host,
            "--network", folder.networkName, "--network-alias", server.host,
            "--user", "\(getuid()):\(getgid())", "--read-only", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--restart", "unless-stopped",
            "--stop-timeout", "15", "--label", "aviary.ensemble=\(folder.ensemblePath)",
            "--label", "aviary.folder=\(folder.path)",
            "--volume", "\(folder.containerName):\(folder.path)",
            "--env", "ZOO_MY_ID=\(server.id)", "--env", "AVIARY_LOG_FILE=\(folder.logPath)",
            "--health-cmd", "aviary health --live --server localhost:\(server.ports.client)",
        ]
        for name in ["AVIARY_LOG_LEVEL", "AVIARY_LOG_FORMAT"] where unsafe getenv(name) != nil {
            words += ["--env", name]
        }
        for path in [server.dataDir, server.dataLogDir].compactMap({ $0 }) {
            words += ["--volume", "\(path):\(path)"]
        }
        let ports = server.ports
        for port in [ports.client, ports.secureClient, ports.metrics].compactMap({ $0 }) {
            words += ["--publish", "\(port):\(port)"]
        }
        words += [binary, "zkServer.sh", "start-foreground", folder.configurationPath]
        let started = ContainerSite.docker(words)
        guard started.code == 0 else {
            throw EnsembleError(
                "server \(server.id) could not be started: docker: \(started.complaint)")
        }
    }

    func require(_ binary: String) throws(EnsembleError) {
        guard ContainerSite.docker(["image", "inspect", binary]).code != 0 else { return }
        let pulled = ContainerSite.docker(["pull", binary], seconds: 1800)
        guard pulled.code != 0 else { return }
        throw EnsembleError(
            "there is no image \(binary) here, and docker cannot bring it in: "
                + "\(pulled.complaint). 'docker image ls' shows which there are; 'docker build -f "
                + "docker/Dockerfile -t aviary .' makes this program's")
    }

    /// The network, the volume, and the name of an earlier container.
    private func prepare(_ folder: ServerFolder) throws(EnsembleError) {
        let label = "aviary.ensemble=\(folder.ensemblePath)"
        if ContainerSite.docker(["network", "inspect", folder.networkName]).code != 0 {
            let made = ContainerSite.docker([
                "network", "create", "--label", label, folder.networkName,
            ])
            guard made.code == 0 || made.errors.contains("already exists") else {
                throw EnsembleError(
                    "docker: \(made.complaint). 'docker info' shows whether its engine runs, and "
                        + "whether you may use it")
            }
        }
        let old = ContainerSite.containers(folder, all: true)
        ContainerSite.remove(old)
        let volume = ContainerSite.docker([
            "volume", "create", "--label", label, "--opt", "type=none", "--opt", "o=bind",
            "--opt", "device=\(folder.path)", folder.containerName,
        ])
        guard volume.code == 0 else {
            throw EnsembleError(
                "docker: \(volume.complaint). Is there another ensemble of this name? "
                    + "'docker volume inspect \(folder.containerName)' shows whose it is")
        }
    }

    /// With the volumes without a name that come with the image; those that have a name stay.
    private static func remove(_ containers: [String]) {
        if !containers.isEmpty { _ = docker(["rm", "-f", "-v"] + containers) }
    }

    func dismantle(_ folders: [ServerFolder]) {
        defer { forget() }
        for folder in folders {
            let left = ContainerSite.containers(folder, all: true)
            ContainerSite.remove(left)
            _ = ContainerSite.docker(["volume", "rm", folder.containerName])
        }
        // It stays as long as there is a container in it.
        if let network = folders.first?.networkName {
            _ = ContainerSite.docker(["network", "rm", network])
        }
    }
}

extension ServerFolder {
    /// The folder of all servers of the ensemble.
    var ensemblePath: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path }

    private var ensembleName: String {
        ensemblePath.split(separator: "/").last.map(String.init) ?? ""
    }

    /// The name of the server's container, and of its volume.
    fileprivate var containerName: String { "aviary-\(ensembleName)-\(server.id)" }

    /// The network of the ensemble.
    fileprivate var networkName: String { "aviary-\(ensembleName)" }
}
