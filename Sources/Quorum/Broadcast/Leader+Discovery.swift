import Jute
import Mutants
import Records

// Discovery: an epoch that is higher than any that a quorum has promised.

extension Leader {
    /// The first packet on a link: who it is, and what epoch it has promised.
    mutating func receivedIntroduction(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        let link = learners[index].link
        guard let info = Leader.introduction(packet), isAcceptable(info, packet.zxid, context),
            !context.isForeign(info.ensemble, info.server)
        else {
            drop(link, &context)
            return
        }
        // A server that comes back has lost its older link, whether we know it or not.
        for older in learners where older.server == info.server && older.phase > .connected {
            drop(older.link, &context)
        }
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
        learners[index].server = info.server
        learners[index].kind = packet.kind == .observerInfo ? .observer : .follower
        learners[index].phase = .introduced
        switch phase {
        case .discovering(let highest):
            // Whoever does not count would have to refuse an epoch below its promise, too.
            phase = .discovering(highest: max(highest, packet.zxid.epoch.next))
            epochVoters.insert(info.server)
            settleEpoch(&context)
        case .offering(let epoch), .synchronizing(let epoch), .broadcasting(let epoch):
            offer(epoch, at: index, &context)
        case .ended:
            break
        }
    }

    private static func introduction(_ packet: QuorumPacket) -> LearnerInfo? {
        guard packet.kind == .followerInfo || packet.kind == .observerInfo,
            let data = packet.data
        else { return nil }
        var reader = JuteReader(data.rawSpan)
        return try? LearnerInfo(from: &reader)
    }

    private func isAcceptable(
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

    /// Freezes the epoch once a quorum has introduced itself.
    ///
    /// The promise is durable here before
    /// anybody hears of it, or we could offer the same epoch twice.
    mutating func settleEpoch(_ context: inout PeerContext) {
        guard case .discovering(let epoch) = phase,
            context.isQuorum(epochVoters)
        else { return }
        guard epoch > context.history.acceptedEpoch else {
            end("the epochs are used up")
            return
        }
        context.history.accept(epoch)
        if !Mutant.promiseForgotten.isOn { context.effects.add(.persistAcceptedEpoch(epoch)) }
        lastProposed = epoch.start
        phase = .offering(epoch)
        phaseDeadline = context.now + context.initTime
        epochVoters = []
        if context.history.hasDatabase {
            epochVoters.insert(context.settings.myID)
        }
        for index in learners.indices where learners[index].phase == .introduced {
            offer(epoch, at: index, &context)
        }
        promisesChanged(&context)
    }

    private mutating func offer(_ epoch: Epoch, at index: Int, _ context: inout PeerContext) {
        var writer = JuteWriter(capacity: 4)
        writer.writeInt32(LearnerInfo.protocolVersion)
        EnsembleMark.write(context.settings.ensemble, to: &writer)
        let packet = QuorumPacket(.leaderInfo, zxid: epoch.start, data: writer.copyBytes())
        context.effects.send(learners[index].link, packet)
        learners[index].phase = .offered
    }

    /// ACKEPOCH: the learner will follow no lower epoch, and says what it has.
    mutating func receivedPromise(
        _ packet: QuorumPacket, at index: Int, _ context: inout PeerContext
    ) {
        let link = learners[index].link
        guard packet.kind == .ackEpoch, let current = Leader.currentEpoch(in: packet) else {
            drop(link, &context)
            return
        }
        learners[index].lastLogged = packet.zxid
        learners[index].phase = .promised
        guard case .offering = phase else {
            synchronize(at: index, &context)
            return
        }
        // -1 is a promise given before: it must not count twice.
        if let current {
            let ours = (context.history.currentEpoch, context.history.lastLogged)
            if (current, packet.zxid) > ours, !Mutant.olderHistoryLeads.isOn,
                !Mutant.epochsIgnored.isOn
            {
                // We are not the one to lead it. If a quorum thinks so, we will not.
                drop(link, &context)
                return
            }
            if packet.zxid != .none { epochVoters.insert(learners[index].server) }
        }
        promisesChanged(&context)
    }

    /// The epoch in an ACKEPOCH, the inner nil for -1; the outer nil if there is none.
    private static func currentEpoch(in packet: QuorumPacket) -> Epoch?? {
        guard let data = packet.data else { return nil }
        var reader = JuteReader(data.rawSpan)
        guard let value = try? reader.readInt32() else { return nil }
        return .some(value == -1 ? nil : Epoch(value))
    }

    /// A quorum has promised: from here on our history is the epoch's.
    private mutating func promisesChanged(_ context: inout PeerContext) {
        guard case .offering(let epoch) = phase,
            context.isQuorum(epochVoters)
        else { return }
        context.history.enter(epoch)
        if !Mutant.epochForgotten.isOn { context.effects.add(.persistCurrentEpoch(epoch)) }
        proposeInitialMembership(epoch, &context)
        phase = .synchronizing(epoch)
        phaseDeadline = context.now + context.initTime
        for link in learners.filter({ $0.phase == .promised }).map(\.link) {
            guard let index = learners.firstIndex(where: { $0.link == link }) else { continue }
            synchronize(at: index, &context)
        }
        establishIfPossible(&context)
    }

    /// A configuration that no leader ever established gets its version from the first that does.
    private func proposeInitialMembership(_ epoch: Epoch, _ context: inout PeerContext) {
        guard context.committed.version == 0, context.lastSeen.version == 0 else { return }
        var first = context.committed
        first.version = epoch.start.rawValue
        context.propose(first)
    }
}
