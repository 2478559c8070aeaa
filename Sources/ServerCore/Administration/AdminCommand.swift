// The commands of the AdminServer, with the names and aliases that Apache ZooKeeper gives them.

/// What can be asked of a server over HTTP.
public enum AdminCommand: String, CaseIterable, Sendable {
    case configuration
    case connectionStatReset = "connection_stat_reset"
    case connections
    case dirs
    case dump
    case environment
    case getTraceMask = "get_trace_mask"
    case hash
    case initialConfiguration = "initial_configuration"
    case isReadOnly = "is_read_only"
    case lastSnapshot = "last_snapshot"
    case leader
    case monitor
    case observerConnectionStatReset = "observer_connection_stat_reset"
    case observers
    case restore
    case ruok
    case serverStats = "server_stats"
    case setTraceMask = "set_trace_mask"
    case snapshot
    case statReset = "stat_reset"
    case stats
    case systemProperties = "system_properties"
    case votingView = "voting_view"
    case watchSummary = "watch_summary"
    case watches
    case watchesByPath = "watches_by_path"
    case zabState = "zabstate"

    /// The command's name in answers and in the list of all.
    public var name: String { rawValue }

    /// Short forms, most of them the four letters of the word that says the same.
    var aliases: [String] {
        switch self {
        case .configuration: ["conf", "config"]
        case .connectionStatReset: ["crst"]
        case .connections: ["cons"]
        case .environment: ["env", "envi"]
        case .getTraceMask: ["gtmk"]
        case .initialConfiguration: ["icfg"]
        case .isReadOnly: ["isro"]
        case .lastSnapshot: ["lsnp"]
        case .leader: ["lead"]
        case .monitor: ["mntr"]
        case .observerConnectionStatReset: ["orst"]
        case .observers: ["obsr"]
        case .restore: ["rest"]
        case .serverStats: ["srvr"]
        case .setTraceMask: ["stmk"]
        case .snapshot: ["snap"]
        case .statReset: ["srst"]
        case .stats: ["stat"]
        case .systemProperties: ["sysp"]
        case .watchSummary: ["wchs"]
        case .watches: ["wchc"]
        case .watchesByPath: ["wchp"]
        case .dirs, .dump, .hash, .ruok, .votingView, .zabState: []
        }
    }

    /// The command of a name or alias.
    public init?(named name: String) {
        guard let command = AdminCommand.byName[name] else { return nil }
        self = command
    }

    private static let byName: [String: AdminCommand] = {
        var byName: [String: AdminCommand] = [:]
        for command in allCases {
            for name in [command.name] + command.aliases { byName[name] = command }
        }
        return byName
    }()

    /// Whether it is answered only while clients are served.
    public var needsService: Bool {
        switch self {
        case .environment, .getTraceMask, .setTraceMask, .monitor, .systemProperties, .zabState:
            false
        default: true
        }
    }

    /// Whether only somebody with all rights on the root znode may ask.
    public var needsAuthorization: Bool { self == .snapshot || self == .restore }

    /// Whether it takes a body, and so POST in place of GET.
    public var takesBody: Bool { self == .restore }
}

/// What a command answers.
public struct AdminAnswer: Equatable, Sendable {
    /// The status code of HTTP.
    public var status = 200
    /// The data, in order.
    public var fields: [AdminValue.Field]
    /// What went wrong, if something did.
    public var error: String?

    init(_ fields: [AdminValue.Field] = []) { self.fields = fields }

    /// A failure; Apache ZooKeeper answers most of them with 200, and tools rely on it.
    public init(error: String?, status: Int = 200) {
        self.fields = []
        self.error = error
        self.status = status
    }

    /// The answer as it goes out: data, command, error.
    public func json(command: String) -> String {
        AdminValue.object(
            fields + [
                AdminValue.Field("command", .text(command)),
                AdminValue.Field("error", AdminValue(error)),
            ]
        ).json
    }
}
