import Jute
import Mutants
import Records

// Broadcast, as a learner sees it: log every proposal, acknowledge it when it is durable, deliver
// it when it is committed.

extension Learner {
    mutating func receivedWhileServing(_ packet: QuorumPacket, _ context: inout PeerContext) {
        switch packet.kind {
        case .proposal where !isObserver:
            receivedProposal(packet.zxid, packet.data, &context)
        case .commit where !isObserver:
            receivedCommit(packet.zxid, &context)
        case .commitAndActivate where !isObserver:
            receivedActivation(packet.zxid, Activation(packet.data), &context)
        case .inform:
            receivedProposal(packet.zxid, packet.data, &context)
            receivedCommit(packet.zxid, &context)
        case .informAndActivate:
            let data = packet.data.map { Array($0.dropFirst(Activation.size)) }
            receivedProposal(packet.zxid, data, &context)
            receivedActivation(packet.zxid, Activation(packet.data), &context)
        case .ping:
            answerPing(packet.zxid, &context)
        case .sync:
            if let link = questions.answeredSync() {
                observers?.answer(link, packet, &context)
            } else {
                context.effects.addLocal(.syncCompleted)
            }
        case .revalidate:
            receivedRevalidation(packet, &context)
        default:
            // Nothing that newer servers may say needs an answer.
            break
        }
    }

    private mutating func receivedProposal(
        _ zxid: Zxid, _ data: [UInt8]?, _ context: inout PeerContext
    ) {
        let last = context.history.lastLogged
        if zxid <= last { return }
        guard !hasEnded, let data, History.follows(zxid, last) else {
            end("a proposal \(zxid) after \(last)")
            return
        }
        let proposal = Proposal(zxid: zxid, bytes: data)
        guard isSound(proposal, &context) else { return }
        log(proposal, &context)
    }

    /// Adds to the history, and to the log if this server keeps one.
    mutating func append(_ proposal: Proposal, _ context: inout PeerContext) {
        context.history.append(proposal)
        if keepsLog {
            context.effects.append(proposal)
        } else {
            context.history.becameDurable(through: proposal.zxid)
        }
    }

    /// Appends; the ACK follows when it is durable.
    mutating func log(_ proposal: Proposal, _ context: inout PeerContext) {
        if let membership = proposal.membership { context.propose(membership) }
        append(proposal, &context)
        if Mutant.appendAcknowledged.isOn, isServing, !isObserver, let link {
            context.effects.send(link, .ack, proposal.zxid)
            return
        }
        if !isObserver { unacknowledged.append(proposal.zxid) }
    }

    private mutating func receivedCommit(_ zxid: Zxid, _ context: inout PeerContext) {
        if hasEnded || zxid <= context.history.delivered { return }
        guard context.history.tail.first?.zxid == zxid,
            let proposal = context.history.deliverFirst()
        else {
            end("a commit of \(zxid) after \(context.history.delivered)")
            return
        }
        context.effects.addLocal(.deliver(proposal))
        observers?.committed(proposal, nil, &context)
    }

    /// Acknowledges what is durable by now, one by one: the leader knows nothing else.
    mutating func logged(_ context: inout PeerContext) {
        guard let link, isServing else { return }
        let durable = context.history.durable
        let count = unacknowledged.prefix { $0 <= durable }.count
        guard count > 0 else { return }
        for zxid in unacknowledged.prefix(count) { context.effects.send(link, .ack, zxid) }
        unacknowledged.removeFirst(count)
    }

    // MARK: Clients

    private mutating func answerPing(_ zxid: Zxid, _ context: inout PeerContext) {
        guard let link else { return }
        // One of Apache ZooKeeper says all in one packet, and its leader takes none that is larger
        // than a transaction: with very many clients it would be cut off. Several are understood.
        let countMax = max(1, min(context.settings.packetSizeMax, 1 << 20) / SessionTouch.size)
        var rest = touches.sorted { $0.key < $1.key }[...]
        touches.removeAll(keepingCapacity: true)
        repeat {
            let part = rest.prefix(countMax)
            rest = rest.dropFirst(part.count)
            var writer = JuteWriter(capacity: part.count * SessionTouch.size + 16)
            for (session, timeout) in part {
                writer.writeInt64(session.rawValue)
                writer.writeInt32(timeout)
            }
            context.effects.send(
                link, QuorumPacket(.ping, zxid: zxid, data: writer.copyBytes()))
        } while !rest.isEmpty
    }

    /// Sends a write or a sync to the leader; `observer` is whose client wants it, if not ours.
    ///
    /// What a session asked for at a place that it has left is dropped: whoever asked is gone.
    mutating func forward(
        _ request: ForwardedRequest, for observer: LinkID? = nil, _ context: inout PeerContext
    ) {
        guard let link, isServing else { return }
        if request.type == .createSession { places.moved(request.session, to: observer) }
        guard places.admits(request, from: observer) else { return }
        if request.type == .sync { questions.askedSync(for: observer) }
        context.effects.send(link, request.packet)
    }

    mutating func touch(_ session: SessionID, timeout: Int32) {
        if isServing { touches[session] = timeout }
    }

    mutating func revalidate(
        _ session: SessionID, timeout: Int32, for observer: LinkID? = nil,
        _ context: inout PeerContext
    ) {
        guard let link, isServing else { return }
        questions.askedAbout(session, for: observer)
        places.moved(session, to: observer)
        if observer != nil { context.effects.addLocal(.sessionLeft(session)) }
        var writer = JuteWriter(capacity: 12)
        writer.writeInt64(session.rawValue)
        writer.writeInt32(timeout)
        context.effects.send(
            link, QuorumPacket(.revalidate, zxid: .none, data: writer.copyBytes()))
    }

    private mutating func receivedRevalidation(
        _ packet: QuorumPacket, _ context: inout PeerContext
    ) {
        let data = packet.data ?? []
        var reader = JuteReader(data.rawSpan)
        guard let rawSession = try? reader.readInt64(), let isValid = try? reader.readBool() else {
            end("an answer about no session")
            return
        }
        let session = SessionID(rawSession)
        if !isValid { places.ended(session) }
        if let link = questions.answered(session) {
            observers?.answer(link, packet, &context)
        } else if !questions.isAskedAgain(session) {
            context.effects.addLocal(.revalidated(session, isValid: isValid))
        }
    }
}
