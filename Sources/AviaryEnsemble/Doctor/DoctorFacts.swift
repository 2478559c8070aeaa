public import Configuration
public import Records
public import Storage

/// What was seen of one directory.
public struct DirectoryFacts: Equatable, Sendable {
    /// Absolute.
    public var path: String
    /// Whether it is there.
    public var exists = true
    /// Whether this user may write into it.
    public var isWritable = true
    /// What is free on its disk; nil if that cannot be said.
    public var freeBytes: Int64?
    /// What it takes to make a page durable there, the median of a few; nil if it was not tried.
    public var syncMilliseconds: Double?
    /// Whose data lie there, and what is known of that; nil if nobody has looked.
    public var identity: IdentityCheck.Place?
    /// Whether the file that says it cannot be read.
    public var isIdentityDamaged = false

    /// A directory with nothing wrong.
    public init(_ path: String) { self.path = path }
}

/// What the `myid` file says.
public enum MyIDFact: Equatable, Sendable {
    case missing
    /// Its first line is no number.
    case unreadable(String)
    case id(Int)
}

/// What a look at a clock showed.
public struct ClockFact: Equatable, Sendable {
    /// Seconds by which it is ahead of this machine's; negative if it is behind.
    public var ahead: Double
    /// By how much that may be wrong: half the time that the question took.
    public var doubt: Double

    /// Makes one of these values.
    public init(ahead: Double, doubt: Double) {
        self.ahead = ahead
        self.doubt = doubt
    }

    /// What a clock showed that was asked at one moment of this machine's clock and answered by
    /// another.
    init(_ shown: Double, from asked: Double, to answered: Double) {
        self.init(ahead: shown - (asked + answered) / 2, doubt: (answered - asked) / 2)
    }
}

/// What was seen of one server: its process, its files, its place.
public struct ServerFacts: Equatable, Sendable {
    /// A port that somebody else listens on.
    public struct TakenPort: Equatable, Sendable {
        /// client, quorum or election.
        public var name: String
        /// Its number.
        public var port: Int

        /// Makes one of these values.
        public init(name: String, port: Int) {
            self.name = name
            self.port = port
        }
    }

    /// The id.
    public var id: Int
    /// Its folder, with zoo.cfg.
    public var directory: String
    /// Where it is to be.
    public var host = "localhost"
    /// Its client port.
    public var port = 0

    /// Why its host, or the engine of its container, cannot be asked; nil if it can.
    public var unreachable: String?
    /// Whether its process is there.
    public var isRunning = true
    /// Whether the process is stopped by a signal.
    public var isPaused = false
    /// Whether somebody has stopped it and wants it to stay so.
    public var isStoppedOnPurpose = false
    /// leader, follower, observer, standalone; nil if it serves nobody.
    public var mode: String?
    /// How many transactions it is behind the leader.
    public var lag: Int?
    /// The version of the configuration it has in force, hexadecimal.
    public var configurationVersion: String?
    /// What of its settings it would only learn by a restart.
    public var pending: [SettingChange] = []
    /// Its host's clock; nil if it is this machine's, or could not be asked.
    public var clock: ClockFact?

    /// Whether there is a zoo.cfg.
    public var hasConfiguration = true
    /// The keys in which it is not what the spec makes.
    public var editedKeys: [String] = []
    /// What is wrong in it.
    public var problems: [ConfigurationProblem] = []
    /// What it says.
    public var settings = ServerConfiguration()
    /// The members that its own files name; nil if they cannot be read.
    public var members: Membership?
    /// Where it has them from.
    public var membersFile: String?
    /// What `myid` says.
    public var myID: MyIDFact
    /// Snapshots, epochs, `myid`.
    public var data: DirectoryFacts
    /// The transaction log.
    public var logs: DirectoryFacts
    /// Whether there is a snapshot.
    public var hasSnapshot = true
    /// Whether there is a log.
    public var hasLog = true
    /// The epoch it has promised, as its disk says; nil where there is none.
    public var acceptedEpoch: Int?
    /// The epoch it has been in, as its disk says; nil where there is none.
    public var currentEpoch: Int?

    /// What its name resolves to here; nil if it does not.
    ///
    /// None where that says nothing: names of containers are known in their network alone, and
    /// other hosts have other tables.
    public var addresses: [String]? = []
    /// Ports that somebody else has.
    public var takenPorts: [TakenPort] = []

    /// A server with nothing wrong.
    public init(id: Int, directory: String) {
        self.id = id
        self.directory = directory
        self.myID = .id(id)
        self.data = DirectoryFacts(directory + "/data")
        self.logs = self.data
    }

    /// Whether its data directory says that it is this server's.
    var hasOwnData: Bool {
        data.identity?.identity.map { $0.server == ServerID(Int64(id)) } ?? false
    }

    /// Takes over what the server says of itself.
    mutating func adopt(_ seen: ServerStatus, leader: ServerStatus?) {
        mode = seen.mode
        configurationVersion = seen.configurationVersion
        lag = leader.flatMap { seen.lag(behind: $0) }
    }
}

/// All that was seen of an ensemble.
public struct DoctorFacts: Equatable, Sendable {
    /// The name.
    public var ensemble: String
    /// What is wanted.
    public var wanted: Membership
    /// What is in force; nil if no leader could say it.
    public var committed: Membership?
    /// The name by which its servers know each other, as `aviary.ensemble`; nil if there is none.
    public var identity: String?
    /// The servers of the launcher's record, ascending by id.
    public var servers: [ServerFacts]
    /// The file of the operator's credential; nil if there is none.
    public var credentialFile: String?
    /// Whether others than its owner may read it.
    public var isCredentialPublic = false
    /// How many files a process may open.
    public var openFilesMax = 1 << 20
    /// The spec that it comes from, if that still says what it is; for edits.
    public var specOnRecord: String?
    /// Whether servers can be added that no spec names: there is a place to put them.
    public var canGrow = true
    /// The spec that was named; nil for an ensemble that the launcher has on record.
    public var specFile: String?
    /// Whether nothing has been started yet.
    public var isPlanned = false
    /// Whether somebody else starts the servers, so that only what they say is known.
    public var isExternal = false
    /// Whether a change is waiting to go on.
    public var isChangeInterrupted = false

    /// An ensemble of which nothing was seen yet.
    public init(ensemble: String, wanted: Membership, servers: [ServerFacts]) {
        self.ensemble = ensemble
        self.wanted = wanted
        self.servers = servers
    }
}
