import Mutants
public import Records

/// One server's part in the ensemble: it elects, then leads or follows, and starts over when that
/// ends.
///
/// A pure machine with one owner. Everything that happens comes in as a method call with the
/// monotonic time in milliseconds; everything it wants is in `takeEffects()`. It composes three
/// machines that know nothing of each other: the election, and a leader or a learner.
public struct QuorumPeer {
    /// What this server is doing between the events.
    enum Activity {
        /// Not started, or ended for good.
        case idle
        /// A leader is being elected.
        case electing
        /// The leader, or the learner, is there.
        case serving
        /// Memory is being read again from disk, before an election.
        case reloading
    }

    var context: PeerContext
    var election: Election
    var mesh: ElectionMesh
    var leader: Leader?
    var learner: Learner?
    var activity = Activity.idle
    /// The configuration of the last notification, as it was written and as it was read.
    var lastTold: (text: [UInt8], membership: Membership?)?

    /// The settings it was made with.
    public var settings: QuorumSettings { context.settings }

    /// A peer over what the disk holds; `seed` decides its random delays.
    ///
    /// `lastSeen`: a configuration that was proposed and may or may not be in force. `isReadable`
    /// is asked about every proposal of a leader before it is logged; without it any bytes will
    /// do, as for a state machine that can read them all.
    public init(
        settings: QuorumSettings, membership: Membership, lastSeen: Membership? = nil,
        history: QuorumHistory, seed: UInt64, isReadable: @escaping ProposalCheck = { _ in true }
    ) {
        self.context = PeerContext(
            settings: settings, history: History(history, settings: settings),
            membership: membership, lastSeen: lastSeen, isReadable: isReadable)
        self.election = Election(me: settings.myID)
        self.mesh = ElectionMesh(me: settings.myID)
    }

    /// Begins the first election.
    public mutating func start(now: Int64) {
        precondition(activity == .idle, "a peer starts once")
        context.now = now
        look()
        settle()
    }

    /// What is to be done, in order; the peer forgets it.
    public mutating func takeEffects() -> [QuorumEffect] { context.effects.take() }

    /// A number for a connection that the driver has accepted.
    public mutating func newLink() -> LinkID { context.newLink() }

    /// The configuration in force.
    public var membership: Membership { context.committed }
    /// The newest configuration; the same, or one that is proposed.
    public var lastSeenMembership: Membership { context.lastSeen }

    // MARK: From role to role

    /// Looks at what an event has led to: a role may have ended, an election been decided.
    mutating func settle() {
        learner?.dialIfDue(&context)
        if leader?.hasEnded ?? false || learner?.hasEnded ?? false { leave() }
        let reigns = leader?.isEstablished ?? false && !Mutant.formerEpochTold.isOn
        if reigns || learner?.isServing ?? false {
            election.settle(context.history.currentEpoch)
        }
        if activity == .electing, election.mayBegin { begin() }
        if activity == .electing { takeDecision() }
    }

    /// Leaves a role: everything logged becomes durable, memory what the disk holds, and then a
    /// new election begins.
    ///
    /// A server must never vote with less, or with more, than it has on disk.
    private mutating func leave() {
        noteEnd()
        let memoryIsAhead = learner.map { $0.mustSaveSnapshot || !$0.keepsLog } ?? false
        let succession = leader?.succession ?? learner?.succession
        leader?.shutDown(&context)
        learner?.shutDown(&context)
        leader = nil
        learner = nil
        context.change(to: .looking)
        if memoryIsAhead, !Mutant.abortedSnapshotKept.isOn {
            activity = .reloading
            context.effects.add(.reloadDatabase)
            return
        }
        if context.history.durable < context.history.lastLogged, !Mutant.looksBeforeFlush.isOn {
            context.effects.add(.flushLog)
            context.history.becameDurable(through: context.history.lastLogged)
        }
        if let succession {
            succeed(succession)
        } else {
            look()
        }
    }

    /// The configuration says who leads, so nobody is elected.
    private mutating func succeed(_ succession: Succession) {
        election.follow(succession, context)
        serve(under: succession.leader)
    }

    private mutating func noteEnd() {
        if case .ended(let reason) = leader?.phase {
            context.warn("No longer leading: \(reason)")
        } else if let learner, case .ended(let reason) = learner.phase {
            context.warn("No longer following server \(learner.leader): \(reason)")
        }
    }

    /// The whole ensemble is new, and so is this server's history.
    private mutating func begin() {
        election.mayBegin = false
        guard !context.history.hasDatabase else { return }
        context.history.begin()
        context.effects.add(.saveSnapshot(.zero))
        look()
    }

    /// Begins what the election has decided.
    private mutating func takeDecision() {
        guard let chosen = election.takeDecision() else { return }
        serve(under: chosen)
        settle()
    }

    private mutating func serve(under chosen: ServerID) {
        activity = .serving
        if chosen == settings.myID {
            leader = Leader(&context)
        } else {
            learner = Learner(leader: chosen, isObserver: context.isObserver, context)
        }
    }
}
