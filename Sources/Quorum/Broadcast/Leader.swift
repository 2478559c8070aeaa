import Records

/// A server that was elected: it settles an epoch with a quorum, brings its learners to its own
/// history, and from then on orders all writes.
///
/// Discovery, synchronization, broadcast and liveness are in files of their own; this one has the
/// state and what comes in on the links.
struct Leader: LearnerMaster {
    /// How far the reign has come; each needs a quorum to go on, within `initLimit`.
    enum Phase: Equatable {
        /// Learners tell what epochs they have promised.
        case discovering(highest: Epoch)
        /// The epoch is offered; learners promise to follow no lower one.
        case offering(Epoch)
        /// Learners take over our history.
        case synchronizing(Epoch)
        /// A quorum has our history: the reign is established.
        case broadcasting(Epoch)
        /// The reign is over; why is for the log.
        case ended(String)
    }

    var phase: Phase
    /// In the order of their links, which is the order in which they came.
    var learners: [LearnerConnection] = []
    /// Servers that took part in choosing the epoch, and in promising it.
    var epochVoters: Set<ServerID> = []
    /// The last zxid of this epoch that was used.
    var lastProposed = Zxid.zero
    /// Forwarded syncs that wait for a proposal to commit, in order.
    var waitingSyncs: [(zxid: Zxid, link: LinkID)] = []
    /// When the present phase must have found its quorum.
    var phaseDeadline: Int64
    /// When a quorum must have promised to follow, since somebody would have a better leader.
    var outvotedDeadline: Int64?
    /// When learners are pinged, every half tick.
    var nextPing: Int64
    /// Whether the next ping is the one that also counts the followers.
    var nextPingCounts = false
    /// Servers for which reading the log has broken off: they get a snapshot when they come back.
    var snapshotReceivers: Set<ServerID> = []
    /// Whether an ACK has come that was not evaluated yet.
    var hasNewAcknowledgements = false
    /// Who is to lead by a change that is on its way.
    var handOver: HandOver?
    /// Servers of which was said that they know a later configuration.
    var ahead: Set<ServerID> = []
    /// No more are remembered: who introduces itself may be anybody.
    static let aheadCountMax = 64
    /// Who leads next, if the configuration has ended the reign.
    var succession: Succession?

    /// Begins a reign: listens, and counts itself first.
    init(_ context: inout PeerContext) {
        self.phase = .discovering(highest: context.history.acceptedEpoch.next)
        self.phaseDeadline = context.now + context.initTime
        self.nextPing = context.now + context.settings.tickTime / 2
        context.effects.add(.quorumListen(true))
        epochVoters.insert(context.settings.myID)
        settleEpoch(&context)
    }

    /// The epoch, once it is settled.
    var epoch: Epoch? {
        switch phase {
        case .discovering, .ended: nil
        case .offering(let epoch), .synchronizing(let epoch), .broadcasting(let epoch): epoch
        }
    }

    /// Whether a quorum has taken over our history.
    var isEstablished: Bool {
        if case .broadcasting = phase { return true }
        return false
    }

    var hasEnded: Bool {
        if case .ended = phase { return true }
        return false
    }

    /// Ends the reign; the peer then lets go of everything.
    mutating func end(_ reason: String) {
        if !hasEnded { phase = .ended(reason) }
    }

    // MARK: Links

    mutating func handle(
        _ packet: QuorumPacket, from link: LinkID, _ context: inout PeerContext
    ) {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        switch learners[index].phase {
        case .connected:
            receivedIntroduction(packet, at: index, &context)
        case .introduced:
            // Nothing may come before our epoch is known.
            drop(link, &context)
        case .offered:
            receivedPromise(packet, at: index, &context)
        case .promised, .readingLog:
            drop(link, &context)
        case .synchronizing, .synchronized, .serving:
            receivedWhileForwarding(packet, at: index, &context)
        }
    }

    mutating func received(_ link: LinkID, _ bytes: RawSpan, _ context: inout PeerContext) {
        receivedPackets(link, bytes, &context)
        if !hasEnded { evaluateAcknowledgements(&context) }
    }

    mutating func lost(_ learner: LearnerConnection, _ context: inout PeerContext) {
        waitingSyncs.removeAll { $0.link == learner.link }
    }

    /// Lets go of everything: the peer looks for a leader again.
    mutating func shutDown(_ context: inout PeerContext) {
        hangUp(&context)
        context.effects.add(.quorumListen(false))
    }
}
