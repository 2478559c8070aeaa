import Records

/// How far reading the log on disk for a learner has come.
struct LogReading {
    /// Reading goes on from where it ended when memory has moved on meanwhile, this often at most.
    static let roundCountMax = 4

    /// Where what is being read ends.
    var end: Zxid
    /// The last transaction that was sent; at first, what the learner has.
    var position: Zxid
    /// Whether the learner was told that history follows: from then on no snapshot may.
    var hasBegun = false
    /// How often reading has begun.
    var roundCount = 1
}

// A learner that is further behind than memory reaches gets the beginning of what it lacks from the
// log on disk, piece by piece, and the rest from memory. Proposals and commits go on meanwhile; the
// learner is registered for them only when memory takes over, in one step with choosing what is
// left to send.

extension LearnerMaster {
    /// Whether the disk may be read for a server.
    func mayReadLog(for server: ServerID, _ context: PeerContext) -> Bool {
        context.settings.snapshotSizeFactor >= 0 && !snapshotReceivers.contains(server)
    }

    mutating func beginReadingLog(
        through end: Zxid, at index: Int, _ context: inout PeerContext
    ) {
        let last = learners[index].lastLogged
        learners[index].phase = .readingLog
        learners[index].logReading = LogReading(end: end, position: last)
        context.effects.add(.readLog(learners[index].link, after: last, through: end))
    }

    /// A piece of the log has been read.
    mutating func logRead(
        _ link: LinkID, _ proposals: [Proposal], isLast: Bool, _ context: inout PeerContext
    ) {
        guard let index = learners.firstIndex(where: { $0.link == link }),
            learners[index].phase == .readingLog, var reading = learners[index].logReading
        else { return }
        if !reading.hasBegun {
            note("Sending DIFF up to \(reading.end) from the log on disk", index, &context)
            context.effects.send(link, .diff, context.history.delivered)
            reading.hasBegun = true
        }
        // That it is asked for more shows that the learner takes what it is sent.
        learners[index].lastHeard = context.now
        sendCommitted(proposals, link, &context)
        reading.position = proposals.last?.zxid ?? reading.position
        learners[index].logReading = reading
        if !isLast {
            context.effects.add(.readMoreLog(link))
        } else if reading.position == reading.end {
            goOnFromMemory(at: index, reading, &context)
        } else {
            logReadFailed(link, "it ends at \(reading.position)", &context)
        }
    }

    /// The disk has given what it was asked for; what was committed meanwhile is in memory, unless
    /// it was so much that the disk is asked again.
    private mutating func goOnFromMemory(
        at index: Int, _ reading: LogReading, _ context: inout PeerContext
    ) {
        let link = learners[index].link
        let plan = SynchronizationPlan(
            for: reading.position, history: context.history, includesTail: !isEstablished,
            readsLog: reading.roundCount < LogReading.roundCountMax)
        switch plan.order {
        case .diff:
            learners[index].logReading = nil
            sendRest(plan.proposals, at: index, &context)
        case .readLog(let end):
            learners[index].logReading?.end = end
            learners[index].logReading?.roundCount += 1
            context.effects.add(.readLog(link, after: reading.position, through: end))
        case .truncate, .snapshot:
            logReadFailed(link, "more is committed than can be read meanwhile", &context)
        }
    }

    /// The log cannot be read, or not whole: the learner gets a snapshot, now or, if it was told
    /// something else already, when it comes back.
    mutating func logReadFailed(
        _ link: LinkID, _ reason: String, _ context: inout PeerContext
    ) {
        guard let index = learners.firstIndex(where: { $0.link == link }),
            learners[index].phase == .readingLog
        else { return }
        let server = learners[index].server
        context.note("The log on disk is not for server \(server): \(reason)")
        guard learners[index].logReading?.hasBegun == false else {
            snapshotReceivers.insert(server)
            drop(link, &context)
            return
        }
        learners[index].logReading = nil
        let plan = SynchronizationPlan.snapshot(context.history, !isEstablished)
        order(plan, at: index, &context)
        sendRest(plan.proposals, at: index, &context)
    }
}
