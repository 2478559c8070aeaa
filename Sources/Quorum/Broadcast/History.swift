import Mutants
import Records

/// What this server has logged: a part that is delivered, and behind it a tail that may yet be
/// cut away by a leader that never saw it.
///
/// The tree holds exactly the delivered part (after a restart: everything), so nothing has to be
/// undone in memory when the tail is cut. Epochs change here at the moment their effect is listed:
/// an epoch that cannot be written is the end of the server.
struct History {
    /// The highest epoch promised; never decreases.
    private(set) var acceptedEpoch: Epoch
    /// The epoch whose leader's history is on disk here; never decreases, at most `acceptedEpoch`.
    private(set) var currentEpoch: Epoch
    /// The newest delivered proposals, without gaps, ending at `delivered`.
    private(set) var recent = ProposalQueue()
    /// The zxid right before the first of `recent`, if it is known.
    private(set) var recentBase: Zxid?
    /// The last proposal in the tree.
    ///
    /// `Zxid.none`: there is no database.
    private(set) var delivered: Zxid
    /// The last proposal of which something may be in the tree.
    private var aheadThrough: Zxid
    /// Appended behind `delivered`, in order, not delivered yet.
    private(set) var tail = ProposalQueue()
    /// All that was appended up to here is durable.
    private(set) var durable: Zxid
    private let countMax: Int
    private let sizeMax: Int

    init(_ history: QuorumHistory, settings: QuorumSettings) {
        self.init(
            history, countMax: settings.committedLogCountMax,
            sizeMax: settings.committedLogSizeMax)
    }

    private init(_ history: QuorumHistory, countMax: Int, sizeMax: Int) {
        self.acceptedEpoch = max(history.acceptedEpoch, history.currentEpoch)
        self.currentEpoch = history.currentEpoch
        self.delivered = history.lastLogged
        self.aheadThrough = history.aheadThrough
        self.durable = history.lastLogged
        self.countMax = countMax
        self.sizeMax = sizeMax
        if history.committedLog.last?.zxid == history.lastLogged {
            for proposal in history.committedLog { remember(proposal) }
        } else {
            self.recentBase = history.lastLogged
        }
    }

    /// Whether the tree holds something of this epoch that is not delivered here.
    ///
    /// What there was of earlier epochs is in the history of this one, or it was given up with the
    /// history it was of.
    func isAhead(in epoch: Epoch) -> Bool {
        aheadThrough.epoch == epoch && aheadThrough > delivered
    }

    /// The last proposal that was appended.
    var lastLogged: Zxid { tail.last?.zxid ?? delivered }

    /// Whether there is a database at all; without one, a server does not vote.
    var hasDatabase: Bool { delivered != .none }

    /// Where a stretch of the log on disk may end: durable, committed, and where memory goes on; nil
    /// if there is no such place.
    var endOnDisk: Zxid? {
        let end = min(delivered, durable)
        guard let start = recentBase ?? recent.first?.zxid, end >= start else { return nil }
        return end
    }

    /// Whether memory begins after `zxid`, so that only the disk knows what follows it.
    func precedesMemory(_ zxid: Zxid) -> Bool {
        guard let start = recentBase ?? recent.first?.zxid else { return false }
        return zxid < start
    }

    /// Whether `zxid` may follow `previous`: the next of its epoch, or the first of a later one.
    ///
    /// Anything else is a hole, and a hole once logged would spread to every later learner.
    static func follows(_ zxid: Zxid, _ previous: Zxid) -> Bool {
        if zxid.isEpochStart { return false }
        if zxid.epoch == previous.epoch { return zxid == previous.next }
        return zxid.epoch > previous.epoch && zxid.counter == 1
    }

    // MARK: Changes

    /// The database was read again.
    ///
    /// Epochs are what they were: they are written elsewhere.
    mutating func reload(_ history: QuorumHistory) {
        let (accepted, current) = (acceptedEpoch, currentEpoch)
        self = History(history, countMax: countMax, sizeMax: sizeMax)
        acceptedEpoch = max(accepted, acceptedEpoch)
        currentEpoch = max(current, currentEpoch)
    }

    /// The database is new and empty, and the whole ensemble is: from here on this server votes.
    mutating func begin() {
        precondition(!hasDatabase, "a history that exists cannot begin")
        delivered = .zero
        durable = .zero
        recentBase = .zero
    }

    mutating func accept(_ epoch: Epoch) {
        precondition(epoch > acceptedEpoch, "a promise only grows")
        acceptedEpoch = epoch
    }

    mutating func enter(_ epoch: Epoch) {
        precondition(epoch >= currentEpoch && epoch <= acceptedEpoch, "epochs out of order")
        currentEpoch = epoch
    }

    mutating func append(_ proposal: Proposal) {
        precondition(History.follows(proposal.zxid, lastLogged), "a hole in the log")
        tail.append(proposal)
    }

    /// The first of the tail is committed.
    mutating func deliverFirst() -> Proposal? {
        guard let proposal = tail.popFirst() else { return nil }
        delivered = proposal.zxid
        if Mutant.recentHistoryWithHole.isOn, proposal.zxid.epoch < currentEpoch {
            return proposal
        }
        remember(proposal)
        return proposal
    }

    mutating func becameDurable(through zxid: Zxid) {
        durable = max(durable, min(zxid, lastLogged))
    }

    /// A snapshot at `zxid` has replaced everything.
    mutating func replace(at zxid: Zxid) {
        recent.removeAll()
        recentBase = zxid
        tail.removeAll()
        delivered = zxid
        aheadThrough = zxid
        durable = zxid
    }

    private mutating func remember(_ proposal: Proposal) {
        if let last = recent.last, !History.follows(proposal.zxid, last.zxid),
            !Mutant.recentHistoryWithHole.isOn
        {
            // Only from a disk of another implementation: what lies before a hole is not offered.
            recent.removeAll()
            recentBase = nil
        }
        recent.append(proposal)
        while recent.count > countMax || recent.byteCount > sizeMax {
            recentBase = recent.popFirst()?.zxid
        }
    }
}
