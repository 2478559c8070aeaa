public import Records

/// What a zoo.cfg says, checked and typed. Times are milliseconds unless the name says otherwise.
public struct ServerConfiguration: Equatable, Sendable {
    public var dataDirectory = ""
    /// The data directory unless it is set apart.
    public var logDirectory = ""
    /// Nil when neither this file nor the server's own member line sets one.
    public var clientPort: UInt16?
    public var clientPortAddress: String?
    public var listenBacklog: Int32 = -1
    public var tickTime: Int32 = 3000
    /// Ticks.
    public var initLimit: Int32 = 10
    /// Ticks.
    public var syncLimit: Int32 = 5
    public var sessionTimeoutMin: Int32 = -1
    public var sessionTimeoutMax: Int32 = -1
    public var connectionsPerAddressMax = 60
    public var connectionsMax = 0
    public var outstandingRequestsMax = 1000
    /// Bytes.
    public var requestSizeMax = 0xfffff
    public var standaloneEnabled = true
    public var reconfigEnabled = false
    public var quorumListenOnAllAddresses = false
    public var dynamicConfigFile: String?
    public var isObserver: Bool?
    /// Snapshots kept by the purge, at least 3.
    public var purgeRetainCount = 3
    /// Hours; 0 is never.
    public var purgeIntervalHours = 0
    public var fourLetterWords: String?
    public var skipACL = false
    public var superDigest: String?
    public var extendedTypesEnabled = false
    public var digestEnabled = true
    public var leaderServes = true
    public var snapshotTransactionCount = 100_000
    /// Bytes; 0 or less is any number.
    public var snapshotLogSizeMax: Int64 = 4_194_304 << 10
    /// Bytes.
    public var preallocationSize = 65536 << 10
    /// Bytes; 0 or less is any number.
    public var logFileSizeMax: Int64 = -1
    public var forceSync = true
    public var connectTimeout: Int32 = 5000
    /// 0 is for ever.
    public var electionPortBindRetry = 0
    public var trustsEmptySnapshot = false
    public var createsDatabase = true
    public var createsDirectories = true
    public var committedLogCountMax = 500
    /// The servers that the file itself lists; their version is 0.
    public var membership = Membership(version: 0, members: [])
    /// Everything, in the order of the file, for the rewriting of it.
    public var entries: [PropertiesFile.Entry] = []

    public init() {}
}

extension ServerConfiguration {
    /// Whether the server runs alone: it lists no other participant.
    public var isStandalone: Bool {
        membership.voters.isEmpty && membership.members.isEmpty
            || (membership.voters.count == 1 && membership.members.count == 1 && standaloneEnabled)
    }

    /// Parses a zoo.cfg. Everything that is wrong or doubtful is in the second part of the result;
    /// with an error among it the first part is not to be used.
    public static func parse(
        _ text: String, file: String
    ) -> (configuration: ServerConfiguration, problems: [ConfigurationProblem]) {
        var parser = ServerConfigurationParser(PropertiesFile(text), file: file)
        parser.run()
        return (parser.configuration, parser.problems)
    }

    /// Checks what depends on the members, once they are all known.
    public func checkMembers(file: String) -> [ConfigurationProblem] {
        func problem(_ message: String) -> [ConfigurationProblem] {
            [ConfigurationProblem(.error, message, file: file, line: nil)]
        }
        let voters = membership.voters.count
        let observers = membership.observers.count
        if membership.members.isEmpty {
            return standaloneEnabled
                ? [] : problem("standaloneEnabled=false needs at least one server.N line")
        }
        if voters == 0 { return problem("there are observers, but no participant to follow") }
        if voters == 1, standaloneEnabled, observers > 0 {
            return problem(
                "an observer cannot follow a standalone server; set standaloneEnabled=false")
        }
        guard voters % 2 == 0 else { return [] }
        let warning =
            "\(voters) participants survive \((voters - 1) / 2) failure"
            + "\((voters - 1) / 2 == 1 ? "" : "s"), as \(voters - 1) do"
        return [ConfigurationProblem(.warning, warning, file: file, line: nil)]
    }
}
