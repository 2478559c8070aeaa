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
        guard let info = LearnerInfo(introducing: packet), isAcceptable(info, packet.zxid, context),
            !context.isForeign(info.ensemble, info.server)
        else {
            noteLaterConfiguration(packet, &context)
            drop(link, &context)
            return
        }
        introduced(info, as: packet.kind == .observerInfo ? .observer : .follower, link, &context)
        guard let index = learners.firstIndex(where: { $0.link == link }) else { return }
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

    /// A voter looks for a leader while we still wait for a quorum: it may not be coming.
    ///
    /// `wantsBetter`: it will not, as it would have a better leader. It has come later, and who
    /// looks with it may change sides; to wait for all of `initLimit` would be in vain.
    mutating func voterLooks(wantsBetter: Bool, _ context: inout PeerContext) {
        if wantsBetter, !isEstablished, outvotedDeadline == nil {
            outvotedDeadline = context.now + context.settings.tickTime
        }
        guard case .discovering = phase, let patience = context.settings.epochPatience,
            context.now - (phaseDeadline - context.initTime) >= patience
        else { return }
        end("voters look for a leader again, and no quorum has come")
    }

    /// Says, once in a reign, why a learner is not taken that knows a later configuration.
    ///
    /// With `reconfigEnabled=false` it stays outside until somebody mends its files: nobody there
    /// takes over a configuration from anybody.
    private mutating func noteLaterConfiguration(
        _ packet: QuorumPacket, _ context: inout PeerContext
    ) {
        guard let info = LearnerInfo(introducing: packet),
            info.configVersion > context.committed.version,
            ahead.count < Leader.aheadCountMax, ahead.insert(info.server).inserted
        else { return }
        func hex(_ version: Int64) -> String { String(UInt64(bitPattern: version), radix: 16) }
        let remedy =
            context.settings.reconfigEnabled
            ? "" : ". With reconfigEnabled=false all servers must be given the same members"
        context.warn(
            "Server \(info.server) knows configuration \(hex(info.configVersion)), later than"
                + " \(hex(context.committed.version)) here, and cannot be led from here\(remedy)")
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
