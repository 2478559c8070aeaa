import Jute
import Mutants
import Records

/// A follower or an observer: it dials its leader, promises its epoch, takes over its history and
/// then follows it, proposal by proposal.
///
/// Synchronization and broadcast are in files of their own; this one has the state, the link, and
/// discovery.
struct Learner {
    /// How far it has come; it only moves forward, and every failure ends it.
    enum Phase: Equatable {
        /// Dialing, again and again for a while: the leader may need a moment to listen.
        case dialing
        /// We have introduced ourselves and wait for the epoch.
        case introduced
        /// We have promised the epoch and wait to hear how we are to be synchronized.
        case promised(Epoch)
        /// A snapshot is on its way to us.
        case receivingSnapshot(Epoch)
        /// The driver changes the database; whatever comes meanwhile waits.
        case loading(Epoch)
        /// History comes, up to NEWLEADER.
        case synchronizing(Epoch)
        /// The leader's history is on disk here; we wait for UPTODATE.
        case synchronized(Epoch)
        /// Proposals are logged and delivered as they come.
        case serving(Epoch)
        /// It is over; why is for the log.
        case ended(String)
    }

    /// Milliseconds that an observer rests when it was sent away.
    static let restWhenSentAway: Int64 = 200
    /// Milliseconds between dials that are refused.
    static let redialDelay: Int64 = 8

    let leader: ServerID
    let isObserver: Bool
    /// Who is followed: the leader, or who stands in for it.
    private(set) var master: ServerID
    var phase = Phase.dialing
    /// The link to the leader, and the one being dialed.
    private(set) var link: LinkID?
    private var firstDial: Int64
    private var nextDial: Int64?
    private var dialDeadline: Int64
    var lastHeard: Int64
    var stream = PacketStream()
    var snapshot: SnapshotStream?
    /// Set from the moment a snapshot has replaced memory until it is on disk.
    var mustSaveSnapshot = false
    /// Where the log is being cut.
    var truncationTarget: Zxid?
    /// The epoch whose leader is asked for its whole database, as we cannot go back where it wants.
    var wholeDatabaseWanted: Epoch?
    /// Proposals that were received and not appended yet, in order.
    var pending = ProposalQueue()
    /// How many of `pending`, from the first, are committed.
    var pendingCommitted = 0
    /// The configuration to be in force once we serve: from NEWLEADER, or committed since.
    var offeredMembership: Membership?
    /// The newest one that the history before UPTODATE has committed.
    var activatedMembership: Membership?
    /// Who leads next, if the configuration has ended this.
    var succession: Succession?
    /// Appended since UPTODATE, and not acknowledged yet.
    var unacknowledged: [Zxid] = []
    /// Clients that were active since the last ping.
    var touches: [SessionID: Int32] = [:]
    /// What the leader has been asked and has not answered yet.
    var questions = LearnerQuestions()
    /// Whose requests are carried to the leader, and whose not any more.
    var places = SessionPlaces()
    /// The observers that came to us instead of the leader.
    var observers: ObserverMaster?
    /// Whether what is followed goes to disk: an observer may do without.
    var keepsLog: Bool
    /// How many of those who stand in for the leader were dialed in this round.
    private var mastersDialed = 0
    /// How many of the leader's addresses did not answer at all.
    private var silentAddresses = 0

    /// Begins to dial `leader`.
    init(leader: ServerID, isObserver: Bool, _ context: PeerContext) {
        let start = max(context.now, context.dialsFrom)
        self.leader = leader
        self.master = leader
        self.isObserver = isObserver
        self.keepsLog = !isObserver || context.settings.observersKeepLog
        self.firstDial = start
        self.nextDial = start
        self.dialDeadline = start
        self.lastHeard = start
    }

    var isServing: Bool {
        if case .serving = phase { return true }
        return false
    }

    var hasEnded: Bool {
        if case .ended = phase { return true }
        return false
    }

    /// Whether the driver is at work on the database.
    var isLoading: Bool {
        if case .loading = phase { return true }
        return false
    }

    /// Ends it; the peer then lets go of everything.
    mutating func end(_ reason: String) {
        if !hasEnded { phase = .ended(reason) }
    }

    /// Ends it over what the leader would say again: nobody is dialed for a tick, or it would be
    /// the same leader again and again, without a rest.
    mutating func endAndRest(_ reason: String, _ context: inout PeerContext) {
        context.dialsFrom = context.now + context.settings.tickTime
        end(reason)
    }

    /// Whether a proposal may go to the log; if not, that is the end of this leader for us.
    ///
    /// What cannot be read would stop this server when it is committed, and every start to come.
    mutating func isSound(_ proposal: Proposal, _ context: inout PeerContext) -> Bool {
        if context.isReadable(proposal) { return true }
        endAndRest(
            "it proposes \(proposal.bytes.count) bytes as \(proposal.zxid) that are not the"
                + " transaction of that zxid; they were not logged", &context)
        return false
    }

    // MARK: The link

    /// Dials, if it is time.
    mutating func dialIfDue(_ context: inout PeerContext) {
        guard phase == .dialing, let due = nextDial, context.now >= due else { return }
        guard let endpoint = nextEndpoint(&context) else {
            end("server \(leader) is not in the configuration")
            return
        }
        let link = context.newLink()
        self.link = link
        nextDial = nil
        dialDeadline = context.now + min(dialPatience(context), max(context.initTime, 1))
        context.effects.add(.quorumDial(link, endpoint))
    }

    /// A server with several addresses is soon dialed at the next.
    private func dialPatience(_ context: PeerContext) -> Int64 {
        let count = context.quorumEndpoints(of: master).count
        let isLast = master == leader && silentAddresses + 1 >= count
        return count > 1 && !isLast ? context.addressPatience : context.settings.connectTimeout
    }

    /// Whom to dial: the leader, or for an observer first each who may stand in for it.
    ///
    /// Who has let down one observer is not the first that it asks again.
    private mutating func nextEndpoint(_ context: inout PeerContext) -> Endpoint? {
        let masters = isObserver ? context.observerMasters(besides: leader) : []
        guard mastersDialed < masters.count else {
            mastersDialed = 0
            master = leader
            return context.preferred(of: context.quorumEndpoints(of: leader), leader)
        }
        mastersDialed += 1
        context.masterDialCount &+= 1
        let turn =
            UInt(truncatingIfNeeded: context.settings.myID.rawValue) &+ context.masterDialCount
        let chosen = masters[Int(turn % UInt(masters.count))]
        master = chosen.id
        return chosen.place
    }

    mutating func dialed(_ link: LinkID, _ context: inout PeerContext) {
        guard phase == .dialing, self.link == link, nextDial == nil else { return }
        phase = .introduced
        lastHeard = context.now
        introduce(&context)
    }

    mutating func dialFailed(_ link: LinkID, _ context: inout PeerContext) {
        guard phase == .dialing, self.link == link else { return }
        self.link = nil
        let patience = min(context.settings.leaderPatience, context.initTime)
        let waited = context.now - firstDial
        if master != leader {
            let areMastersLeft = mastersDialed < context.observerMasters(besides: leader).count
            // Those who follow a new leader open their ports for observers a moment later: it is
            // not burdened itself until they have had that moment.
            if areMastersLeft || waited >= patience / 2 {
                nextDial = context.now
                return
            }
            mastersDialed = 0
        } else if waited >= patience {
            end("server \(leader) does not listen")
            return
        } else {
            context.preferNext(of: context.quorumEndpoints(of: leader), leader)
        }
        nextDial =
            context.now + max(Learner.redialDelay, context.settings.observerReconnectDelay)
    }

    mutating func closed(_ link: LinkID, _ context: inout PeerContext) {
        guard self.link == link else {
            observers?.closed(link, &context)
            return
        }
        if phase == .dialing { return dialFailed(link, &context) }
        self.link = nil
        preferNextIfUnheard(&context)
        context.tellTrail(of: link, with: "server \(master)")
        if isObserver, !isServing {
            // Sent away, perhaps for want of room: asking again at once would change nothing.
            let rest = max(Learner.restWhenSentAway, context.settings.observerReconnectDelay)
            context.dialsFrom = context.now + rest
        }
        end("the leader's link is closed")
    }

    /// Hangs up and dials the same leader again.
    mutating func redial(_ context: inout PeerContext) {
        shutDown(&context)
        stream = PacketStream()
        pending.removeAll()
        pendingCommitted = 0
        phase = .dialing
        firstDial = context.now
        nextDial = context.now
    }

    mutating func received(_ link: LinkID, _ bytes: RawSpan, _ context: inout PeerContext) {
        guard self.link == link else { return receivedFromObserver(link, bytes, &context) }
        lastHeard = context.now
        stream.append(bytes)
        process(&context)
    }

    /// What a leader may send in one packet: the largest transaction, and what can stand before it.
    private static let packetSizeMax = Transaction.sizeMax + Activation.size

    /// Handles whatever is complete, until the database is being changed.
    mutating func process(_ context: inout PeerContext) {
        while !isLoading, !hasEnded {
            if case .receivingSnapshot(let epoch) = phase {
                guard receiveSnapshot(epoch, &context) else { return }
                continue
            }
            do {
                // The leader's settings, now or in the past, need not be ours, and what it has
                // logged it sends.
                let sizeMax = max(context.settings.packetSizeMax, Learner.packetSizeMax)
                guard let packet = try stream.next(sizeMax: sizeMax) else { return }
                if let link { context.effects.trail.received(link, packet.kind) }
                handle(packet, &context)
            } catch {
                preferNextIfUnheard(&context)
                end("the leader sent what is no packet")
            }
        }
    }

    private mutating func handle(_ packet: QuorumPacket, _ context: inout PeerContext) {
        switch phase {
        case .introduced:
            receivedEpoch(packet, &context)
        case .promised(let epoch):
            receivedOrder(packet, epoch, &context)
        case .synchronizing(let epoch):
            receivedHistory(packet, epoch, &context)
        case .synchronized(let epoch):
            receivedBeforeUpToDate(packet, epoch, &context)
        case .serving:
            receivedWhileServing(packet, &context)
        case .dialing, .receivingSnapshot, .loading, .ended:
            end("a packet in a phase that has none")
        }
    }

    /// Lets go of the link, and of those that hang on it.
    mutating func shutDown(_ context: inout PeerContext) {
        observers?.shutDown(&context)
        observers = nil
        if let link {
            context.effects.add(.quorumClose(link))
            context.tellTrail(of: link, with: "server \(master)")
        }
        link = nil
    }

    // MARK: Time

    var nextDeadline: Int64? { hasEnded || isLoading ? nil : deadline }

    private var deadline: Int64? {
        phase == .dialing ? (nextDial ?? dialDeadline) : observers?.nextPing
    }

    /// When silence of the leader ends us.
    func silenceDeadline(_ context: PeerContext) -> Int64? {
        switch phase {
        case .dialing, .loading, .ended: nil
        case .introduced, .promised, .receivingSnapshot, .synchronizing:
            lastHeard + context.initTime
        case .synchronized, .serving: lastHeard + context.syncTime
        }
    }

    mutating func hitDeadline(_ context: inout PeerContext) {
        observers?.hitDeadline(&context)
        if phase == .dialing, nextDial == nil, context.now >= dialDeadline {
            if master == leader {
                let endpoints = context.quorumEndpoints(of: leader)
                silentAddresses += 1
                guard silentAddresses < endpoints.count else {
                    return end("server \(leader) cannot be reached")
                }
                context.preferNext(of: endpoints, leader)
                firstDial = context.now
            }
            shutDown(&context)
            nextDial = context.now
        } else if let silence = silenceDeadline(context), context.now >= silence {
            preferNextIfUnheard(&context)
            end("the leader is silent")
        }
    }

    /// What takes a link at an address need not be the leader.
    private func preferNextIfUnheard(_ context: inout PeerContext) {
        guard phase == .introduced, master == leader else { return }
        context.preferNext(of: context.quorumEndpoints(of: leader), leader)
    }

    // MARK: Discovery

    private func introduce(_ context: inout PeerContext) {
        guard let link else { return }
        var writer = JuteWriter(capacity: 20)
        LearnerInfo(
            server: context.settings.myID, configVersion: context.committed.version,
            ensemble: context.settings.ensemble
        ).write(to: &writer)
        context.effects.send(
            link,
            QuorumPacket(
                isObserver ? .observerInfo : .followerInfo,
                zxid: context.history.acceptedEpoch.start, data: writer.copyBytes()))
    }

    /// The leader's ensemble, behind its protocol version.
    private static func ensemble(of packet: QuorumPacket) -> ByteString? {
        let data = packet.data ?? []
        var reader = JuteReader(data.rawSpan)
        guard (try? reader.readInt32()) != nil else { return nil }
        return EnsembleMark.read(from: &reader)
    }

    /// LEADERINFO: the epoch.
    ///
    /// Our promise is durable before the leader hears of it, or after a
    /// restart we could promise a lower one.
    private mutating func receivedEpoch(_ packet: QuorumPacket, _ context: inout PeerContext) {
        guard let link, packet.kind == .leaderInfo else {
            preferNextIfUnheard(&context)
            end("the leader did not begin with its epoch")
            return
        }
        guard !context.isForeign(Learner.ensemble(of: packet), leader) else {
            endAndRest("it belongs to another ensemble", &context)
            return
        }
        let epoch = packet.zxid.epoch
        guard epoch >= context.history.acceptedEpoch || Mutant.staleEpochFollowed.isOn else {
            endAndRest("the leader's epoch \(epoch) is older than the one promised", &context)
            return
        }
        var answer: Int32 = -1
        if epoch > context.history.acceptedEpoch {
            context.history.accept(epoch)
            if !Mutant.promiseForgotten.isOn {
                context.effects.add(.persistAcceptedEpoch(epoch))
            }
            answer = context.history.currentEpoch.rawValue
        }
        var writer = JuteWriter(capacity: 4)
        writer.writeInt32(answer)
        // A server without any history is sent a snapshot. To say so is no lie that could count:
        // this epoch is promised already, and whoever promises again counts for nothing.
        let last = wholeDatabaseWanted == epoch ? Zxid.none : context.history.lastLogged
        context.effects.send(
            link, QuorumPacket(.ackEpoch, zxid: last, data: writer.copyBytes()))
        phase = .promised(epoch)
    }
}
