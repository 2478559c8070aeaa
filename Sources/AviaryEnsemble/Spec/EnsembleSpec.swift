/// What the user wants: the content of the spec, checked and complete.
///
/// Intent, never truth.
public struct EnsembleSpec: Equatable, Sendable {
    /// The name.
    public var name: String
    /// process, docker, ssh or external.
    public var runtime: String
    /// Keys of zoo.cfg for every server, in the order of the file.
    public var config: [ConfigEntry]
    /// The image of its containers (runtime docker).
    public var image: String?
    /// How its hosts are reached (runtime ssh).
    public var ssh: SSHSettings?
    /// Ascending by id.
    public var servers: [ServerSpec]
    /// Whether the text only says how many there are: which ids they have is then open.
    public var isCount = false

    /// Makes one of these values.
    public init(name: String, runtime: String, config: [ConfigEntry], servers: [ServerSpec]) {
        self.name = name
        self.runtime = runtime
        self.config = config
        self.servers = servers
    }

    /// Where clients on this machine find a server: containers have their ports published here.
    public func clientHost(of server: ServerSpec) -> String {
        runtime == "docker" ? "localhost" : server.clientHost ?? server.host
    }

    /// Where clients on this machine find the servers, as a connection string.
    public var connectString: String {
        servers.map { "\(clientHost(of: $0)):\($0.ports.client)" }.joined(separator: ",")
    }

    /// So many participants on this machine: what no file at all means.
    public static func local(name: String, count: Int) -> EnsembleSpec {
        let servers = (0..<max(1, count)).map { place in
            var ports = Ports(place: place)
            (ports.secureClient, ports.metrics) = (nil, nil)
            return ServerSpec(
                id: place + 1, host: "localhost", isObserver: false, ports: ports,
                arePortsChosen: false)
        }
        return EnsembleSpec(name: name, runtime: "process", config: [], servers: servers)
    }
}

/// How hosts are reached, and where the servers live there.
public struct SSHSettings: Equatable, Sendable {
    /// The user; nil: whatever ssh says.
    public var user: String?
    /// The port; nil: whatever ssh says.
    public var port: Int?
    /// A file with the key.
    public var identity: String?
    /// The program to put on hosts; nil: the launcher's own.
    public var binary: String?
    /// Further options of ssh, as behind its `-o`.
    public var options: [String] = []
    /// The folder on each host that holds the program and all ensembles.
    public var directory = "/var/lib/aviary"

    /// The defaults.
    public init() {}
}

extension EnsembleSpec {
    /// A spec that only counts its servers means the participants there are, as far as they go.
    func naming(_ known: EnsembleSpec) -> EnsembleSpec {
        guard isCount else { return self }
        var spec = self
        let participants = known.servers.filter { !$0.isObserver }
        for (place, server) in zip(spec.servers.indices, participants) {
            spec.servers[place].id = server.id
            spec.servers[place].host = server.host
        }
        return spec
    }
}

/// A key of zoo.cfg and its value.
public struct ConfigEntry: Equatable, Sendable {
    /// The key.
    public var key: String
    /// The value.
    public var value: String

    /// Makes one of these values.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// One server of a spec.
public struct ServerSpec: Equatable, Sendable {
    /// The id.
    public var id: Int
    /// The host.
    public var host: String
    /// The address at which it serves clients, if that is another (runtime external).
    public var clientHost: String?
    /// Whether observer applies.
    public var isObserver: Bool
    /// The ports.
    public var ports: Ports
    /// Whether the spec names one of the client, quorum and election ports: it then stays.
    public var arePortsChosen: Bool
    /// The data dir.
    public var dataDir: String?
    /// The data log dir.
    public var dataLogDir: String?
    /// The group.
    public var group: Int?
    /// The weight.
    public var weight: Int?
    /// The config.
    public var config: [ConfigEntry]
    /// What it is started from, if it is not the launcher itself; no spec names it.
    public var binary: String?
    /// Set anew by every roll: a server that was not started under it is to restart.
    public var rollMark: String?

    /// Makes one of these values.
    public init(
        id: Int, host: String, isObserver: Bool, ports: Ports, arePortsChosen: Bool,
        dataDir: String? = nil, dataLogDir: String? = nil, group: Int? = nil, weight: Int? = nil,
        config: [ConfigEntry] = []
    ) {
        self.id = id
        self.host = host
        self.isObserver = isObserver
        self.ports = ports
        self.arePortsChosen = arePortsChosen
        self.dataDir = dataDir
        self.dataLogDir = dataLogDir
        self.group = group
        self.weight = weight
        self.config = config
    }
}

/// The ports of one server.
public struct Ports: Equatable, Sendable {
    /// Where clients connect.
    public var client: Int
    /// Where followers find the leader.
    public var quorum: Int
    /// Where votes arrive.
    public var election: Int
    /// The AdminServer's; nil if there is none.
    public var admin: Int?
    /// Where clients connect with TLS; nil if they do not.
    public var secureClient: Int?
    /// Where metrics are read; nil if they are not.
    public var metrics: Int?

    /// Those without which there is no ensemble.
    var ofTheEnsemble: [Int] { [client, quorum, election] }

    /// Makes one of these values.
    public init(
        client: Int, quorum: Int, election: Int, admin: Int? = nil, secureClient: Int? = nil,
        metrics: Int? = nil
    ) {
        self.client = client
        self.quorum = quorum
        self.election = election
        self.admin = admin
        self.secureClient = secureClient
        self.metrics = metrics
    }

    /// The default ports of the server at `place` (from 0) on its host.
    public init(place: Int) {
        self.init(
            client: 2181 + place, quorum: 2888 + place, election: 3888 + place,
            admin: 8080 + place, secureClient: 2281 + place, metrics: 7000 + place)
    }
}
