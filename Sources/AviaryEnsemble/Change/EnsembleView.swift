internal import Jute
public import Records

/// One server as it was seen at a moment.
public struct ObservedServer: Equatable, Sendable {
    /// What the server's own files make of it.
    public enum Files: Equatable, Sendable {
        /// There are none.
        case none
        /// They are for joining: it is an observer of a configuration that it has all to itself.
        case joiner
        /// They name a configuration in which it stands.
        case member
        /// They name a configuration in which it does not stand any more: it cannot start.
        case former
    }

    /// What a server that serves is.
    public enum Mode: String, Equatable, Sendable {
        case leader, follower, observer

        /// As it says itself; nil where it serves nobody, or alone.
        init?(_ summary: ServerSummary) {
            guard let mode = summary.mode else { return nil }
            self.init(rawValue: mode)
        }
    }

    /// The id.
    public var id: ServerID
    /// Whether its process runs.
    public var isRunning: Bool
    /// Nil if it serves nobody.
    public var mode: Mode?
    /// How many transactions it is behind the leader, where that can be said.
    public var lag: Int?
    /// Whether it serves and is in step with the leader.
    public var isSynced: Bool
    /// What its files make of it.
    public var files: Files
    /// Whether it runs from the settings and the binary that are wanted.
    public var isCurrent: Bool
    /// In what those that it runs from differ from those that are wanted.
    public var pending: [SettingChange] = []
    /// Whether its process is stopped by a signal: it goes on when somebody says so.
    public var isPaused = false
    /// Whether somebody else has started it: once it may be stopped, nothing of it is left to do.
    public var isElsewhere = false

    /// The host where it is wanted, if it has its files and its process on another one.
    public var movesTo: String?
    /// Whether nobody can say if it runs: its host does not answer.
    public var isUnreachable = false

    /// Whether it does not run because somebody has stopped it and wants it to stay so.
    public var isStoppedOnPurpose = false

    /// Whether it has not yet been told the digest of the operator's credential.
    var isOperatorUnknown: Bool {
        pending.contains { $0.key == OperatorCredential.digestKey && $0.new != nil }
    }

    /// Makes one of these values.
    public init(
        id: ServerID, isRunning: Bool, mode: Mode? = nil, lag: Int? = nil, isSynced: Bool = false,
        files: Files, isCurrent: Bool = true
    ) {
        self.id = id
        self.isRunning = isRunning
        self.mode = mode
        self.lag = lag
        self.isSynced = isSynced
        self.files = files
        self.isCurrent = isCurrent
    }
}

/// All that is seen before a step: the committed configuration, and the servers there are.
public struct EnsembleView: Equatable, Sendable {
    /// The truth about who belongs to the ensemble; nil while nobody can say it.
    public var committed: Membership?
    /// Every server that has files or a process, member or not; ascending by id.
    public var servers: [ObservedServer]
    /// The version after whose commit an ordinary write was acknowledged: it is active for sure.
    public var confirmedVersion: Int64?

    /// Makes one of these values.
    public init(
        committed: Membership?, servers: [ObservedServer], confirmedVersion: Int64? = nil
    ) {
        self.committed = committed
        self.servers = servers.sorted { $0.id < $1.id }
        self.confirmedVersion = confirmedVersion
    }

    /// The server with this id, as seen.
    public func server(_ id: ServerID) -> ObservedServer? { servers.first { $0.id == id } }

    /// Who leads.
    public var leader: ServerID? { servers.first { $0.mode == .leader }?.id }

    /// Who is in step with the leader, the leader included.
    public var synced: Set<ServerID> { Set(servers.filter(\.isSynced).map(\.id)) }

    func isRunning(_ id: ServerID) -> Bool { server(id)?.isRunning ?? false }
    func isSynced(_ id: ServerID) -> Bool { server(id)?.isSynced ?? false }

    /// Why a step is taken, where that is not seen from the step itself.
    public func reasons(for step: ChangeStep) -> [SettingChange] {
        switch step {
        case .restart(let id): server(id)?.pending ?? []
        case .change(let member): committed?.member(member.id)?.differences(to: member) ?? []
        case .remove(let id): move(of: id)
        default: []
        }
    }

    private func move(of id: ServerID) -> [SettingChange] {
        guard let host = server(id)?.movesTo else { return [] }
        return [SettingChange("host", committed?.member(id)?.quorum.host.description, host)]
    }

    /// Changes what is known of a server, which is added if it is not known yet.
    mutating func update(_ id: ServerID, _ change: (inout ObservedServer) -> Void) {
        if let place = servers.firstIndex(where: { $0.id == id }) {
            change(&servers[place])
            return
        }
        var server = ObservedServer(id: id, isRunning: false, files: .none)
        change(&server)
        servers.append(server)
        servers.sort { $0.id < $1.id }
    }
}

extension Member {
    /// What becomes of its role and its addresses.
    fileprivate func differences(to new: Member) -> [SettingChange] {
        func port(_ name: String, _ old: Endpoint?, _ new: Endpoint?) -> [SettingChange] {
            func text(_ endpoint: Endpoint?) -> String? { endpoint.map { "\($0.port)" } }
            let isSameHost = old?.host == new?.host || old == nil || new == nil
            if isSameHost { return [SettingChange("\(name) port", text(old), text(new))] }
            return [SettingChange(name, old?.description, new?.description)]
        }
        let all =
            [SettingChange("role", "\(role)", "\(new.role)")]
            + port("client", client, new.client) + port("quorum", quorum, new.quorum)
            + port("election", election, new.election)
        return all.filter { $0.old != $0.new }
    }
}

/// What is wanted, in the words of the committed configuration.
public struct ChangeGoal: Equatable, Sendable {
    /// The members that the spec describes; the version says nothing.
    public var members: Membership
    /// Whether a step may be taken that leaves clients without service while it lasts, because the
    /// ensemble has too few participants to do without one.
    public var isOutageAccepted: Bool
    /// Whether servers that somebody has stopped on purpose stay so.
    public var leavesStopped = false
    /// Whether a leader that is to restart lets another one lead before, if it can.
    public var handsOver = true

    /// Makes one of these values.
    public init(members: Membership, isOutageAccepted: Bool = false) {
        self.members = members
        self.isOutageAccepted = isOutageAccepted
    }

    /// Whether a server is left as it is: stopped.
    func leaves(_ server: ObservedServer) -> Bool {
        leavesStopped && server.isStoppedOnPurpose && !server.isRunning
    }

    /// A spec says at which port clients are served; at which address of the host is for whoever
    /// wrote the members, and no reason for a change.
    ///
    /// Nor is a port that they do not mention.
    func adoptingClientHosts(of committed: Membership) -> ChangeGoal {
        var goal = self
        for place in goal.members.members.indices {
            let wanted = goal.members.members[place]
            guard let member = committed.member(wanted.id) else { continue }
            guard let client = member.client else {
                var mentioned = member
                mentioned.client = wanted.client
                if mentioned == wanted { goal.members.members[place] = member }
                continue
            }
            guard wanted.client?.host == "0.0.0.0", wanted.client?.port == client.port
            else { continue }
            goal.members.members[place].client = client
        }
        return goal
    }
}
