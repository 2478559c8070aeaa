import Jute
import Records

/// Who brings learners to its own history and keeps them there: the leader, or a follower that
/// stands in for it with observers.
///
/// What is the same for both is here and in `LearnerMaster+Synchronization.swift`: the links, and
/// the way to the history. What learners say is handled by each of the two.
protocol LearnerMaster {
    /// In the order of their links, which is the order in which they came.
    var learners: [LearnerConnection] { get set }
    /// Servers for which reading the log has broken off: they get a snapshot when they come back.
    var snapshotReceivers: Set<ServerID> { get set }
    /// The epoch whose history is given out, once it is settled.
    var epoch: Epoch? { get }
    /// Whether a quorum has taken over that history.
    var isEstablished: Bool { get }
    /// Whether nothing is given out any more.
    var hasEnded: Bool { get }

    /// A learner has said something.
    mutating func handle(
        _ packet: QuorumPacket, from link: LinkID, _ context: inout PeerContext)
    /// A learner is not among `learners` any more.
    mutating func lost(_ learner: LearnerConnection, _ context: inout PeerContext)
}

/// Connections beyond this are refused: more than there can be servers.
private let connectionCountMax = 512

extension LearnerMaster {
    mutating func accepted(_ link: LinkID, _ context: inout PeerContext) {
        guard learners.count < connectionCountMax else {
            context.effects.add(.quorumClose(link))
            return
        }
        learners.append(LearnerConnection(link: link, now: context.now))
    }

    /// Handles whatever packets are complete by now.
    mutating func receivedPackets(
        _ link: LinkID, _ bytes: RawSpan, _ context: inout PeerContext
    ) {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        learners[index].stream.append(bytes)
        learners[index].lastHeard = context.now
        while !hasEnded, let packet = nextPacket(link, &context) {
            handle(packet, from: link, &context)
        }
    }

    /// The next whole packet of a link, nil also when the link is gone.
    private mutating func nextPacket(
        _ link: LinkID, _ context: inout PeerContext
    ) -> QuorumPacket? {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return nil }
        do {
            var sizeMax = context.settings.packetSizeMax
            if learners[index].isSynchronized { sizeMax = max(sizeMax, SessionTouch.listSizeMax) }
            let packet = try learners[index].stream.next(sizeMax: sizeMax)
            if let packet { context.effects.trail.received(link, packet.kind) }
            return packet
        } catch {
            drop(link, &context)
            return nil
        }
    }

    /// A link is closed.
    mutating func closed(_ link: LinkID, _ context: inout PeerContext) {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        forget(at: index, &context)
    }

    /// Closes a link: its learner was wrong, slow, or has come back on another.
    mutating func drop(_ link: LinkID, _ context: inout PeerContext) {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        context.effects.add(.quorumClose(link))
        forget(at: index, &context)
    }

    private mutating func forget(at index: Int, _ context: inout PeerContext) {
        let learner = learners.remove(at: index)
        if learner.phase == .readingLog { context.effects.add(.stopReadingLog(learner.link)) }
        context.tellTrail(of: learner.link, with: learner.name)
        lost(learner, &context)
    }

    /// Closes all links.
    mutating func hangUp(_ context: inout PeerContext) {
        for learner in learners {
            if learner.phase == .readingLog { context.effects.add(.stopReadingLog(learner.link)) }
            context.effects.add(.quorumClose(learner.link))
            context.tellTrail(of: learner.link, with: learner.name)
        }
        learners = []
    }

    // MARK: Introductions

    /// What a learner says of itself is taken: an older link of the same server is lost, whether we
    /// know it or not.
    mutating func introduced(
        _ info: LearnerInfo, as kind: LearnerConnection.Kind, _ link: LinkID,
        _ context: inout PeerContext
    ) {
        for older in learners where older.server == info.server && older.phase > .connected {
            drop(older.link, &context)
        }
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        learners[index].server = info.server
        learners[index].kind = kind
        learners[index].phase = .introduced
    }

    /// Who may learn from us.
    func isAcceptable(
        _ info: LearnerInfo, _ promised: Zxid, _ context: PeerContext
    ) -> Bool {
        // Below this protocol there are no epochs to agree on. A learner that knows a newer
        // configuration than we do must not be led by us. And an epoch that has no successor
        // would end the ensemble for good.
        info.protocolVersion >= LearnerInfo.protocolVersion
            && info.server.rawValue >= 0 && info.server != context.settings.myID
            && info.configVersion <= context.committed.version
            && promised.rawValue >= 0 && promised.epoch.rawValue < Int32.max
    }

    /// LEADERINFO: the epoch.
    mutating func offer(_ epoch: Epoch, at index: Int, _ context: inout PeerContext) {
        var writer = JuteWriter(capacity: 4)
        writer.writeInt32(LearnerInfo.protocolVersion)
        EnsembleMark.write(context.settings.ensemble, to: &writer)
        let packet = QuorumPacket(.leaderInfo, zxid: epoch.start, data: writer.copyBytes())
        context.effects.send(learners[index].link, packet)
        learners[index].phase = .offered
    }

    // MARK: Silence

    /// Learners that are heard too rarely, or that answer but do not get on with the proposals.
    mutating func dropSilentLearners(_ context: inout PeerContext) {
        let late = learners.filter { learner in
            let silence = learner.phase == .serving ? context.syncTime : context.initTime
            if context.now - learner.lastHeard > silence { return true }
            guard let since = learner.lagsSince else { return false }
            return context.now - since > context.syncTime
        }
        for learner in late { drop(learner.link, &context) }
    }
}

extension LearnerInfo {
    /// What the first packet on a link says, if it is an introduction.
    init?(introducing packet: QuorumPacket) {
        guard packet.kind == .followerInfo || packet.kind == .observerInfo,
            let data = packet.data
        else { return nil }
        var reader = JuteReader(data.rawSpan)
        guard let info = try? LearnerInfo(from: &reader) else { return nil }
        self = info
    }
}
