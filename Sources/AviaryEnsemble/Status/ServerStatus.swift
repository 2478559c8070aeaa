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
    /// Of a leader: how many followers are in step with it.
    var syncedCount: Int?
    /// The version of the membership, hexadecimal.
    public var configurationVersion: String?
    /// The members as this server has them; nil if it says none.
    var membership: Membership?
    /// Whether somebody has stopped it and wants it to stay so.
    let isStoppedOnPurpose: Bool
    /// Whether it is being made a member.
    let isJoining: Bool

    /// Why its host cannot be reached.
    var problem: String?

    /// The state in a word or two.
    public var state: String {
        if let mode { return mode }
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
    static func ask(_ folders: [ServerFolder]) -> [ServerStatus] {
        var all = folders.map { ServerStatus($0) }
        // One word first, and alone: the count of connections then has just one of ours in it.
        let first = questions(["srvr"], folders)
        for (place, answer) in FourLetterClient.ask(first).enumerated() {
            all[place].read(summary: answer ?? "")
        }
        let serving = all.indices.filter { all[$0].mode != nil }
        let more = FourLetterClient.ask(questions(["mntr", "conf"], serving.map { folders[$0] }))
        for (index, place) in serving.enumerated() {
            all[place].read(figures: more[2 * index] ?? "")
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

    private init(_ folder: ServerFolder) {
        let server = folder.server
        id = server.id
        isObserver = server.isObserver
        group = server.group
        weight = server.weight ?? 1
        clientAddress = "\(folder.clientHost):\(server.ports.client)"
        pid = ServerProcess(folder).pid
        problem = folder.site.problem
        usage = pid.flatMap { folder.site.usage(of: folder, $0) }
        isStoppedOnPurpose = (try? folder.fileSystem.exists(folder.stoppedPath)) ?? false
        isJoining = (try? folder.fileSystem.exists(folder.joiningPath)) ?? false
    }

    private mutating func read(summary: String) {
        for line in summary.split(separator: "\n") {
            guard let (name, value) = ServerStatus.pair(line, ": ") else { continue }
            switch name {
            case "Mode": mode = value
            case "Zxid":
                zxid = value
                epoch = transaction.map { Int($0 >> 32) }
            case "Connections": sessions = Int(value).map { $0 > 0 ? $0 - 1 : 0 }
            case "Latency min/avg/max": latency = ServerStatus.shortened(value)
            case "Received": requests = Int(value)
            case "Outstanding": outstanding = Int(value)
            default: break
            }
        }
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

    private mutating func read(figures: String) {
        guard mode == "leader" else { return }
        for line in figures.split(separator: "\n") {
            guard let (name, value) = ServerStatus.pair(line, "\t") else { continue }
            // Without a vote are those that join or have left, while a change is under way.
            if ["zk_synced_followers", "zk_synced_non_voting_followers"].contains(name) {
                syncedCount = Int.sum(syncedCount, Int(value) ?? 0)
            }
        }
    }

    private mutating func read(configuration: String) {
        for line in configuration.split(separator: "\n") {
            guard let (name, value) = ServerStatus.pair(line, "=") else { continue }
            if name == "version" { configurationVersion = value }
        }
        membership = DoctorVisit.membership(shownIn: configuration)
    }

    private static func pair(_ line: Substring, _ separator: Character) -> (Substring, String)? {
        guard let place = line.firstIndex(of: separator) else { return nil }
        return (line[..<place], String(line[line.index(after: place)...]))
    }

    private static func pair(_ line: Substring, _ separator: String) -> (Substring, String)? {
        guard let (name, value) = pair(line, separator.first ?? " ") else { return nil }
        return (name, separator.count > 1 ? String(value.drop { $0 == " " }) : value)
    }

    /// The zxid as a number.
    var transaction: UInt64? { zxid.flatMap { UInt64($0.dropFirst(2), radix: 16) } }

    /// How many transactions of the leader's epoch it has not applied yet.
    public func lag(behind leader: ServerStatus) -> Int? {
        guard let own = transaction, let theirs = leader.transaction else { return nil }
        let last = Int(theirs & 0xffff_ffff)
        guard own >> 32 == theirs >> 32 else { return own > theirs ? 0 : last }
        // It was asked at another moment than the leader, and may have gone on.
        return max(0, last - Int(own & 0xffff_ffff))
    }
}
