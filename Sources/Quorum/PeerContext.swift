import Jute
import Mutants
import Records

/// What the machines of one peer share: they change it and add effects, one at a time.
struct PeerContext {
    let settings: QuorumSettings
    /// Whether what a leader proposes is a transaction that a start could read back from the log.
    let isReadable: ProposalCheck
    var history: History
    /// The configuration in force; its version never decreases.
    var committed: Membership
    /// Where others reach this server in elections, also while it is no member.
    var ownElection: [Endpoint]
    /// The newest one seen; the same, or one that is proposed and not in force yet.
    var lastSeen: Membership
    /// One that is in the logs of others and not in ours; see Election/Rumour.swift.
    var rumour: Membership?
    var effects = EffectList()
    /// What the replica was told last.
    private(set) var role = QuorumRole.looking
    /// The time of the event that is being handled, in monotonic milliseconds.
    var now: Int64 = 0 { didSet { effects.trail.now = now } }

    /// No leader is dialed before: the last one said what it would say again.
    var dialsFrom: Int64 = 0

    /// Of servers with several addresses: which of them is dialed.
    var addressTurns: [ServerID: Int] = [:]

    /// How often a server was dialed that stands in for the leader.
    var masterDialCount: UInt = 0

    /// Servers of other ensembles that were complained about.
    private var foreigners: Set<ServerID> = []

    private var lastLink: UInt64 = 0

    init(
        settings: QuorumSettings, history: History, membership: Membership,
        lastSeen: Membership?, isReadable: @escaping ProposalCheck
    ) {
        self.settings = settings
        self.isReadable = isReadable
        self.history = history
        self.committed = membership
        self.lastSeen = membership
        self.ownElection = membership.member(settings.myID)?.electionEndpoints ?? []
        self.effects.trail = PacketTrail(countMax: settings.trackedPacketsMax)
        // What the log does not hold was never acknowledged here, and nobody else need have it.
        if let lastSeen, settings.reconfigEnabled, lastSeen.version > membership.version,
            Zxid(lastSeen.version) <= history.lastLogged
        {
            self.lastSeen = lastSeen
        } else if let lastSeen, settings.reconfigEnabled, lastSeen != membership {
            // Its file must not outlive it: a later log would seem to hold it.
            effects.addLocal(.membershipProposed(membership))
        }
    }

    /// A number for a new connection, of either port and either direction.
    mutating func newLink() -> LinkID {
        lastLink += 1
        return LinkID(lastLink)
    }

    /// Tells the replica what it serves as.
    mutating func change(to role: QuorumRole) {
        if role == self.role { return }
        self.role = role
        effects.addLocal(.roleChanged(role))
    }

    /// A line for the log about what goes as it should.
    mutating func note(_ text: String) { effects.note(text, isWarning: false) }

    /// A line for the log that somebody may have to look at.
    mutating func warn(_ text: String) { effects.note(text, isWarning: true) }

    /// Whether a server belongs to another ensemble; the first time it is said.
    mutating func isForeign(_ ensemble: ByteString?, _ server: ServerID) -> Bool {
        guard let ensemble, let own = settings.ensemble, ensemble != own else { return false }
        if foreigners.insert(server).inserted {
            warn(
                "Server \(server) belongs to the ensemble \(ensemble), and this one to \(own): it is"
                    + " neither heard nor followed. Does a server.\(server) line or a port belong to"
                    + " somebody else?")
        }
        return true
    }

    /// The time that discovery or synchronization may take.
    var initTime: Int64 { settings.tickTime * settings.initLimit }
    /// The silence after which the other side is given up.
    var syncTime: Int64 { settings.tickTime * settings.syncLimit }

    /// Whether `servers` are a quorum of every configuration that governs what happens now.
    func isQuorum(_ servers: Set<ServerID>) -> Bool {
        if Mutant.changeByNewQuorum.isOn { return isQuorum(servers, of: lastSeen) }
        guard isQuorum(servers, of: committed) else { return false }
        if Mutant.changeByOldQuorum.isOn { return true }
        return lastSeen.version <= committed.version || isQuorum(servers, of: lastSeen)
    }

    /// Whether `servers` are a quorum of `membership`.
    func isQuorum(_ servers: Set<ServerID>, of membership: Membership) -> Bool {
        QuorumSystem(membership).contains(servers)
    }

    /// Those who may stand in for the leader with an observer, and where they do.
    func observerMasters(besides leader: ServerID) -> [(id: ServerID, place: Endpoint)] {
        guard let port = settings.observerMasterPort else { return [] }
        return committed.members.filter { $0.role == .participant && $0.id != leader }
            .sorted { $0.id < $1.id }
            .flatMap { member in
                member.quorumEndpoints.map { (member.id, Endpoint(host: $0.host, port: port)) }
            }
    }

    /// Where the quorum port of a server is, by the configuration in force, else the newest.
    func quorumEndpoints(of server: ServerID) -> [Endpoint] {
        member(server)?.quorumEndpoints ?? []
    }
}
