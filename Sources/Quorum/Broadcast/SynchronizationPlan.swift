import Mutants
import Records

/// How a leader brings one learner to its own history: what it orders first, and which proposals
/// follow.
struct SynchronizationPlan: Equatable {
    enum Order: Equatable {
        /// Keep everything; this is the last zxid of what follows.
        case diff(Zxid)
        /// Keep everything up to here.
        case truncate(Zxid)
        /// Forget everything: a snapshot follows.
        case snapshot
        /// Nothing yet: the transactions up to here are read from the log on disk first.
        case readLog(through: Zxid)
    }

    var order: Order
    /// Committed history for the learner, in order.
    var proposals: [Proposal]

    /// The plan for a learner whose log ends at `last`.
    ///
    /// `includesTail`: a leader that is not established yet offers all that it has logged; later
    /// its tail is what is outstanding, and goes out without a commit. `readsLog`: whether what
    /// memory does not hold any more may come from the disk.
    init(for last: Zxid, history: History, includesTail: Bool, readsLog: Bool = false) {
        let includesTail = includesTail || Mutant.outstandingAsHistory.isOn
        let end = includesTail ? history.lastLogged : history.delivered
        if last == .none {
            self = .snapshot(history, includesTail)
        } else if last == end {
            self.init(order: .diff(last), proposals: [])
        } else if last > end {
            // A new epoch's start is no record that could be cut after.
            if last.isEpochStart {
                self = .snapshot(history, includesTail)
            } else {
                self.init(order: .truncate(end), proposals: [])
            }
        } else {
            self = SynchronizationPlan.walk(from: last, to: end, history, includesTail)
            guard readsLog, order == .snapshot, history.precedesMemory(last),
                let place = history.endOnDisk, place > last
            else { return }
            self.init(order: .readLog(through: place), proposals: [])
        }
    }

    init(order: Order, proposals: [Proposal]) {
        self.order = order
        self.proposals = proposals
    }

    /// The learner is behind: it gets what it lacks, if memory has all of that.
    private static func walk(
        from last: Zxid, to end: Zxid, _ history: History, _ includesTail: Bool
    ) -> SynchronizationPlan {
        let records = Candidates(history: history, includesTail: includesTail)
        if last == history.recentBase {
            return SynchronizationPlan(order: .diff(end), proposals: records.from(0))
        }
        guard records.count > 0, last >= records[0].zxid || Mutant.beginningLeftOut.isOn else {
            return .snapshot(history, includesTail)
        }
        let index = records.index(atOrAfter: last)
        if Mutant.beginningLeftOut.isOn, last < records[0].zxid {
            return SynchronizationPlan(order: .diff(end), proposals: records.from(0))
        }
        if records[index].zxid == last {
            return SynchronizationPlan(order: .diff(end), proposals: records.from(index + 1))
        }
        if last.isEpochStart {
            return SynchronizationPlan(order: .diff(end), proposals: records.from(index))
        }
        // It has a transaction that we never saw, before others that it lacks.
        return .snapshot(history, includesTail)
    }

    /// The snapshot holds what is delivered; what a new leader has beyond that must follow.
    static func snapshot(_ history: History, _ includesTail: Bool) -> SynchronizationPlan {
        var proposals: [Proposal] = []
        if includesTail {
            for index in 0..<history.tail.count { proposals.append(history.tail[index]) }
        }
        return SynchronizationPlan(order: .snapshot, proposals: proposals)
    }

    /// The recent history and the tail behind it as one sequence.
    private struct Candidates {
        let history: History
        let includesTail: Bool

        var count: Int { history.recent.count + (includesTail ? history.tail.count : 0) }

        subscript(index: Int) -> Proposal {
            let recent = history.recent.count
            return index < recent ? history.recent[index] : history.tail[index - recent]
        }

        /// There is one, as the caller knows.
        func index(atOrAfter zxid: Zxid) -> Int {
            let index = history.recent.index(atOrAfter: zxid)
            if index < history.recent.count { return index }
            return index + history.tail.index(atOrAfter: zxid)
        }

        func from(_ start: Int) -> [Proposal] {
            (start..<count).map { self[$0] }
        }
    }
}
