import Jute
import Records

/// A follower that stands in for its leader with observers: it gives them the history it has itself,
/// what is committed from then on, and carries to the leader what their clients want.
///
/// The leader then has one link for all of them. An observer's clients belong, for the leader, to
/// the follower it came through.
struct ObserverMaster: LearnerMaster {
    /// What an observer wants of the leader.
    enum Wish {
        case request(ForwardedRequest)
        case revalidation(SessionID, timeout: Int32)
        case touches([SessionTouch])
    }

    var learners: [LearnerConnection] = []
    var snapshotReceivers: Set<ServerID> = []
    let epoch: Epoch?
    /// What a follower gives out is committed.
    let isEstablished = true
    let hasEnded = false
    /// What came since the follower has asked, in order.
    private var wishes: [(link: LinkID, wish: Wish)] = []
    private(set) var nextPing: Int64

    /// Begins to listen for observers.
    init(_ epoch: Epoch, _ context: inout PeerContext) {
        self.epoch = epoch
        self.nextPing = context.now + max(1, context.settings.tickTime / 2)
        context.effects.add(.observersListen(true))
    }

    /// What observers want of the leader; they are told when it answers.
    mutating func takeWishes() -> [(link: LinkID, wish: Wish)] {
        let taken = wishes
        wishes.removeAll(keepingCapacity: true)
        return taken
    }

    mutating func lost(_ learner: LearnerConnection, _ context: inout PeerContext) {}

    /// Lets go of everything: there is no leader to stand in for.
    mutating func shutDown(_ context: inout PeerContext) {
        hangUp(&context)
        context.effects.add(.observersListen(false))
    }

    // MARK: What observers say

    mutating func handle(
        _ packet: QuorumPacket, from link: LinkID, _ context: inout PeerContext
    ) {
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        switch learners[index].phase {
        case .connected: receivedIntroduction(packet, link, &context)
        case .offered: receivedPromise(packet, at: index, &context)
        case .introduced, .promised, .readingLog: drop(link, &context)
        case .synchronizing, .synchronized, .serving:
            receivedWhileForwarding(packet, at: index, &context)
        }
    }

    private mutating func receivedIntroduction(
        _ packet: QuorumPacket, _ link: LinkID, _ context: inout PeerContext
    ) {
        guard packet.kind == .observerInfo, let info = LearnerInfo(introducing: packet),
            isAcceptable(info, packet.zxid, context),
            !context.isForeign(info.ensemble, info.server), let epoch
        else {
            drop(link, &context)
            return
        }
        introduced(info, as: .observer, link, &context)
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        offer(epoch, at: index, &context)
    }

    /// ACKEPOCH: nobody waits for a quorum here, the leader has one.
    private mutating func receivedPromise(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        guard packet.kind == .ackEpoch else {
            drop(learners[index].link, &context)
            return
        }
        learners[index].lastLogged = packet.zxid
        learners[index].phase = .promised
        synchronize(at: index, &context)
    }

    private mutating func receivedWhileForwarding(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        let link = learners[index].link
        learners[index].figures.packetsReceived += 1
        switch packet.kind {
        case .ack:
            // NEWLEADER, and once more UPTODATE: an observer acknowledges nothing else.
            guard packet.zxid == epoch?.start else { return drop(link, &context) }
            if learners[index].phase == .synchronizing { welcome(at: index, &context) }
        case .ping:
            guard let touches = packet.touches else { return drop(link, &context) }
            wishes.append((link, .touches(touches)))
        case .revalidate:
            guard let asked = packet.revalidation else { return drop(link, &context) }
            wishes.append((link, .revalidation(asked.session, timeout: asked.timeout)))
        case .request:
            guard let request = try? ForwardedRequest(packet: packet) else {
                return drop(link, &context)
            }
            learners[index].figures.requests += 1
            wishes.append((link, .request(request)))
        default:
            break
        }
    }

    // MARK: What observers are told

    /// A transaction is committed; `activation` if it puts a configuration in force.
    mutating func committed(
        _ proposal: Proposal, _ activation: Activation? = nil, _ context: inout PeerContext
    ) {
        guard learners.contains(where: \.isForwarding) else { return }
        var packet = proposal.packet(.inform)
        if let activation {
            packet = QuorumPacket(
                .informAndActivate, zxid: proposal.zxid, data: activation.bytes + proposal.bytes)
        }
        let bytes = packet.encoded
        for index in learners.indices where learners[index].isForwarding {
            learners[index].figures.packetsSent += 1
            learners[index].figures.lastZxid = proposal.zxid
            context.effects.send(learners[index].link, bytes)
        }
    }

    /// Passes on what the leader has answered.
    func answer(_ link: LinkID, _ packet: QuorumPacket, _ context: inout PeerContext) {
        guard learners.contains(where: { $0.link == link && $0.isForwarding }) else { return }
        context.effects.send(link, packet)
    }

    mutating func hitDeadline(_ context: inout PeerContext) {
        guard context.now >= nextPing else { return }
        nextPing = context.now + max(1, context.settings.tickTime / 2)
        dropSilentLearners(&context)
        for learner in learners where learner.isForwarding {
            context.effects.send(learner.link, .ping, context.history.delivered)
        }
    }
}

extension QuorumPacket {
    /// The clients in the answer to a ping, nil if it cannot be read.
    var touches: [SessionTouch]? {
        let data = data ?? []
        var reader = JuteReader(data.rawSpan)
        var touches: [SessionTouch] = []
        touches.reserveCapacity(data.count / 12)
        while reader.remaining > 0 {
            guard let session = try? reader.readInt64(), let timeout = try? reader.readInt32()
            else { return nil }
            touches.append(SessionTouch(session: SessionID(session), timeout: timeout))
        }
        return touches
    }

    /// Which session a learner asks about, and its timeout in milliseconds.
    var revalidation: (session: SessionID, timeout: Int32)? {
        let data = data ?? []
        var reader = JuteReader(data.rawSpan)
        guard let session = try? reader.readInt64(), let timeout = try? reader.readInt32() else {
            return nil
        }
        return (SessionID(session), timeout)
    }

    /// The answer to such a question.
    init(_ session: SessionID, isValid: Bool) {
        var writer = JuteWriter(capacity: 9)
        writer.writeInt64(session.rawValue)
        writer.writeBool(isValid)
        self.init(.revalidate, zxid: .none, data: writer.copyBytes())
    }
}
