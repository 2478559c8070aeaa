// What a container is started with, and what its start does: both are values, and a pure function
// (ContainerPlanner) leads from one to the other.

/// What the start of a container finds.
public struct ContainerSituation: Sendable {
    /// The environment.
    public var variables: [String: String]
    /// What stands behind `aviary entrypoint`.
    public var arguments: [String]
    /// The container's host name.
    public var hostName: String
    /// The text of a file, or nil if there is none.
    public var read: @Sendable (String) -> String?
    /// The names in a directory, or nil if there is none.
    public var list: @Sendable (String) -> [String]?

    /// Makes one of these values.
    public init(
        variables: [String: String], arguments: [String], hostName: String,
        read: @escaping @Sendable (String) -> String?,
        list: @escaping @Sendable (String) -> [String]?
    ) {
        self.variables = variables
        self.arguments = arguments
        self.hostName = hostName
        self.read = read
        self.list = list
    }
}

/// What the start of a container does: files first, then one action.
public struct ContainerPlan: Equatable, Sendable {
    /// What the container is for.
    public enum Action: Equatable, Sendable {
        /// One server in the foreground, from this zoo.cfg.
        case serve(configuration: String)
        /// `zkServer.sh status`: the mode of the server of this zoo.cfg.
        case showStatus(configuration: String)
        /// `zkServer.sh version`.
        case showVersion
        /// The shell, with these words.
        case shell([String])
        /// A verb of this program, with its words.
        case verb([String])
        /// Another program.
        case execute([String])
    }

    /// A file that is written whole.
    public struct File: Equatable, Sendable {
        /// Absolute.
        public var path: String
        /// Its content.
        public var text: String
    }

    /// What the log is to look like, in the words of whoever wishes it; nil is the default.
    public struct Log: Equatable, Sendable {
        /// `INFO`, `debug`, ….
        public var level: String?
        /// `json`, or lines for people.
        public var format: String?
    }

    /// What the log is to look like.
    public var log = Log()
    /// Made if they are missing.
    public var directories: [String] = []
    /// In this order; a file that has its text already is left alone.
    public var files: [File] = []
    /// Folders of the server's data, which it must be able to write.
    public var storage: [String] = []
    /// Files that are removed before that.
    public var obsolete: [String] = []
    /// For the log: what was taken from where, and what was not.
    public var notes: [String] = []
    /// Where the server answers its own clients.
    public var client: (host: String, port: Int) {
        get { (clientHost, clientPort) }
        set { (clientHost, clientPort) = newValue }
    }
    private var clientHost = "localhost"
    private var clientPort = 2181
    /// What is done then.
    public var action: Action

    init(_ action: Action) { self.action = action }
}

/// All that is wrong with a container's environment.
public struct ContainerProblems: Error, Equatable, Sendable {
    /// Each says what is wrong, and what to write.
    public var messages: [String]

    init(_ messages: [String]) { self.messages = messages }
    init(_ message: String) { self.messages = [message] }
}

/// A line of zoo.cfg and where it comes from.
struct ContainerSetting: Equatable {
    var key: String
    var value: String
    /// The variable, or a word for the default.
    var source: String
}

/// The lines of a zoo.cfg as they come together: a later one takes the place of an earlier one.
struct ContainerSettings: Equatable {
    private(set) var all: [ContainerSetting] = []

    subscript(_ key: String) -> String? { all.first { $0.key == key }?.value }

    mutating func set(_ key: String, _ value: String, _ source: String) {
        let setting = ContainerSetting(key: key, value: value, source: source)
        if let place = all.firstIndex(where: { $0.key == key }) {
            all[place] = setting
        } else {
            all.append(setting)
        }
    }

    mutating func remove(_ isUnwanted: (ContainerSetting) -> Bool) {
        all.removeAll(where: isUnwanted)
    }
}
