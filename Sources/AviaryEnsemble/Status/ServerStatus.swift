// What the servers say of themselves, and what the machine says of their processes.

internal import Configuration
internal import Records
internal import Storage

/// What is known of one server at a moment.
public struct ServerStatus: Sendable {
    /// The id.
    public let id: Int
    /// Whether it has no vote, by the spec.
    public let isObserver: Bool
    /// Its group in a hierarchical quorum.
    public let group: Int?
    /// What its vote counts.
    public let weight: Int
    /// Where clients connect.
    public let clientAddress: String
    /// Nil if the server does not run on this machine.
    public let pid: Int32?
    /// What its process has used.
    public var usage: ProcessUsage?
    /// leader, follower, observer, standalone; nil if it serves nobody.
    public var mode: String?
    /// As `srvr` shows it: `0x100000003`.
    public var zxid: String?
    /// The same as a value.
    private var transaction: Zxid?
    /// The epoch it has acknowledged, or that of its last transaction.
    public var epoch: Int?
    /// How many clients' connections it has.
    public var sessions: Int?
    /// Least, mean and greatest, in milliseconds.
    public var latency: String?
    /// Requests that have come since it started.
    public var requests: Int?
    /// Requests that have come and are not answered.
    public var outstanding: Int?
    /// Of a leader: how many learners are in step with it.
    var syncedCount: Int?
    /// The version of the membership, hexadecimal.
    public var configurationVersion: String?
    /// The members as this server has them; nil if it says none.
    var membership: Membership?
    /// Whether somebody has stopped it and wants it to stay so.
    let isStoppedOnPurpose: Bool
    /// Whether it is being made a member.
    let isJoining: Bool

    /// Whether somebody else starts it: of its process nothing is known.
    let isElsewhere: Bool
    /// The state of one that nothing is known of.
    static let silence = "no answer"
    /// Whether anything answers where clients connect.
    private var hasAnswered = false

    /// Why its host cannot be reached.
    var problem: String?

    /// The state in a word or two.
    public var state: String {
        if let mode { return mode }
        if isElsewhere { return hasAnswered ? "not serving" : ServerStatus.silence }
        if problem != nil { return "unreachable" }
        if pid == nil { return isStoppedOnPurpose ? "stopped" : "dead" }
        return usage?.isPaused ?? false ? "paused" : "not serving"
    }

    /// What it is by the configuration in force; by the spec while nobody knows that.
    func role(in committed: Membership?) -> String {
        guard let committed else { return isObserver ? "observer" : "participant" }
        guard let member = committed.member(ServerID(Int64(id))) else {
            return isJoining ? "joining" : "no member"
        }
        return member.role == .observer ? "observer" : "participant"
    }

    /// Asks all servers at once.
    static func ask(_ folders: [ServerFolder], isElsewhere: Bool = false) -> [ServerStatus] {
        var all = folders.map { ServerStatus($0, isElsewhere: isElsewhere) }
        // One word first, and alone: the count of connections then has just one of ours in it.
        let first = questions(["srvr"], folders)
        for (place, answer) in FourLetterClient.ask(first).enumerated() {
            all[place].read(ServerSummary(answer))
            all[place].hasAnswered = answer.map { !$0.isEmpty } ?? false
        }
        let serving = all.indices.filter { all[$0].mode != nil }
        let more = FourLetterClient.ask(questions(["mntr", "conf"], serving.map { folders[$0] }))
        for (index, place) in serving.enumerated() {
            if all[place].mode == "leader" {
                all[place].syncedCount = ServerFigures(more[2 * index]).syncedLearners
            }
            all[place].read(configuration: more[2 * index + 1] ?? "")
            if let epoch = folders[place].acceptedEpoch { all[place].epoch = epoch }
        }
        return all
    }

    private static func questions(
        _ words: [String], _ folders: [ServerFolder]
    ) -> [FourLetterClient.Question] {
        folders.flatMap { folder in
            words.map {
                FourLetterClient.Question(
                    word: $0, host: folder.clientHost, port: folder.server.ports.client)
            }
        }
    }

    private init(_ folder: ServerFolder, isElsewhere: Bool) {
        let server = folder.server
        self.isElsewhere = isElsewhere
        id = server.id
        isObserver = server.isObserver
        group = server.group
        weight = server.weight ?? 1
        clientAddress = "\(folder.clientHost):\(server.ports.client)"
        pid = isElsewhere ? nil : ServerProcess(folder).pid
        problem = folder.site.problem
        usage = pid.flatMap { folder.site.usage(of: folder, $0) }
        isStoppedOnPurpose = (try? folder.fileSystem.exists(folder.stoppedPath)) ?? false
        isJoining = (try? folder.fileSystem.exists(folder.joiningPath)) ?? false
    }

    private mutating func read(_ summary: ServerSummary) {
        mode = summary.mode
        zxid = summary["Zxid"]
        transaction = summary.zxid
        epoch = transaction.map { Int($0.epoch.rawValue) }
        sessions = summary["Connections"].flatMap { Int($0) }.map { $0 > 0 ? $0 - 1 : 0 }
        latency = summary["Latency min/avg/max"].map { ServerStatus.shortened($0) }
        requests = summary["Received"].flatMap { Int($0) }
        outstanding = summary["Outstanding"].flatMap { Int($0) }
    }

    /// The mean with one digit behind the point.
    private static func shortened(_ latency: String) -> String {
        latency.split(separator: "/").map { part in
            let digits = part.split(separator: ".")
            guard digits.count == 2, let tenth = digits[1].first, tenth != "0" || part.count > 3
            else { return String(part) }
            return "\(digits[0]).\(tenth)"
        }.joined(separator: "/")
    }

    private mutating func read(configuration: String) {
        configurationVersion = configuration.split(separator: "\n").last {
            $0.hasPrefix("version=")
        }.map { String($0.dropFirst("version=".count)) }
        membership = DoctorVisit.membership(shownIn: configuration)
    }

    /// How many transactions of the leader's epoch it has not applied yet.
    public func lag(behind leader: ServerStatus) -> Int? {
        guard let own = transaction, let theirs = leader.transaction else { return nil }
        return own.lag(behind: theirs)
    }
}
