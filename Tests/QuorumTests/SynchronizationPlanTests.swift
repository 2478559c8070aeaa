import Records
import Testing

@testable import Quorum

/// A history that remembers the last two of five transactions, of which this one is durable.
private func shortMemory(durable: Int64 = 0x1_0000_0005) -> History {
    var settings = QuorumSettings(myID: ServerID(1))
    settings.committedLogCountMax = 2
    var history = History(
        QuorumHistory(lastLogged: .zero, acceptedEpoch: Epoch(9), currentEpoch: Epoch(9)),
        settings: settings)
    for zxid in 0x1_0000_0001...0x1_0000_0005 as ClosedRange<Int64> {
        history.append(proposal(zxid))
        _ = history.deliverFirst()
    }
    history.becameDurable(through: Zxid(durable))
    return history
}

/// A history with these zxids delivered and, behind them, these only logged.
private func history(
    _ delivered: [Int64], tail: [Int64] = [], base: Int64? = 0
) -> History {
    var history = History(
        QuorumHistory(
            lastLogged: Zxid(base ?? delivered.first ?? 0),
            committedLog: base == nil ? delivered.prefix(1).map(proposal) : [],
            acceptedEpoch: Epoch(9), currentEpoch: Epoch(9)),
        settings: QuorumSettings(myID: ServerID(1)))
    for zxid in base == nil ? Array(delivered.dropFirst()) : delivered {
        history.append(proposal(zxid))
        _ = history.deliverFirst()
    }
    for zxid in tail { history.append(proposal(zxid)) }
    return history
}

private func proposal(_ zxid: Int64) -> Proposal { Proposal(zxid: Zxid(zxid), bytes: [1]) }

private func plan(
    _ last: Int64, _ history: History, includesTail: Bool = false
) -> SynchronizationPlan {
    SynchronizationPlan(for: Zxid(last), history: history, includesTail: includesTail)
}

@Test func `a learner that has everything gets an empty difference`() {
    let plan = plan(0x1_0000_0003, history([0x1_0000_0001, 0x1_0000_0002, 0x1_0000_0003]))
    #expect(plan == SynchronizationPlan(order: .diff(Zxid(0x1_0000_0003)), proposals: []))
}

@Test func `a learner that is behind gets what it lacks`() {
    let plan = plan(0x1_0000_0001, history([0x1_0000_0001, 0x1_0000_0002, 0x2_0000_0001]))
    #expect(plan.order == .diff(Zxid(0x2_0000_0001)))
    #expect(plan.proposals.map(\.zxid.rawValue) == [0x1_0000_0002, 0x2_0000_0001])
}

@Test func `a learner right before the first that is remembered needs no snapshot`() {
    let plan = plan(0, history([0x1_0000_0001], base: 0))
    #expect(plan.order == .diff(Zxid(0x1_0000_0001)))
    #expect(plan.proposals.count == 1)
}

@Test func `a learner from before all that is remembered gets a snapshot`() {
    let plan = plan(0x1_0000_0003, history([0x1_0000_0007, 0x1_0000_0008], base: nil))
    #expect(plan == SynchronizationPlan(order: .snapshot, proposals: []))
}

@Test func `a learner that is ahead truncates, also across epochs`() {
    let ours = history([0x1_0000_0001, 0x1_0000_0002])
    #expect(plan(0x1_0000_0004, ours).order == .truncate(Zxid(0x1_0000_0002)))
    #expect(plan(0x3_0000_0001, ours).order == .truncate(Zxid(0x1_0000_0002)))
}

@Test func `the start of an epoch names no record that a log could be cut after`() {
    let ours = history([0x1_0000_0001, 0x1_0000_0002])
    #expect(plan(0x2_0000_0000, ours).order == .snapshot)
}

@Test func `a learner at the start of an epoch we know gets that epoch`() {
    let plan = plan(0x2_0000_0000, history([0x1_0000_0001, 0x2_0000_0001, 0x2_0000_0002]))
    #expect(plan.order == .diff(Zxid(0x2_0000_0002)))
    #expect(plan.proposals.map(\.zxid.rawValue) == [0x2_0000_0001, 0x2_0000_0002])
}

@Test func `a learner with a transaction we never saw, amid ours, gets a snapshot`() {
    let ours = history([0x1_0000_0001, 0x1_0000_0002, 0x2_0000_0001])
    #expect(plan(0x1_0000_0005, ours).order == .snapshot)
}

@Test func `a server without a database gets a snapshot`() {
    #expect(plan(-1, history([0x1_0000_0001])).order == .snapshot)
}

@Test func `a new leader offers all it has logged, an established one what is committed`() {
    let ours = history([0x1_0000_0001], tail: [0x1_0000_0002])
    #expect(plan(0x1_0000_0001, ours, includesTail: true).order == .diff(Zxid(0x1_0000_0002)))
    #expect(plan(0x1_0000_0001, ours, includesTail: true).proposals.count == 1)
    #expect(plan(0x1_0000_0001, ours).order == .diff(Zxid(0x1_0000_0001)))
    #expect(plan(0x1_0000_0002, ours).order == .truncate(Zxid(0x1_0000_0001)))
}

@Test func `a snapshot of a new leader is followed by what it has logged beyond`() {
    let ours = history([0x1_0000_0007], tail: [0x1_0000_0008], base: nil)
    let plan = plan(0x1_0000_0001, ours, includesTail: true)
    #expect(plan.order == .snapshot)
    #expect(plan.proposals.map(\.zxid.rawValue) == [0x1_0000_0008])
}

@Test func `a learner from before memory is read for from the log, up to what is durable`() {
    let last = Zxid(0x1_0000_0002)
    let plan = SynchronizationPlan(
        for: last, history: shortMemory(), includesTail: false, readsLog: true)
    #expect(plan.order == .readLog(through: Zxid(0x1_0000_0005)))
    #expect(plan.proposals.isEmpty)
    let late = SynchronizationPlan(
        for: last, history: shortMemory(durable: 0x1_0000_0004), includesTail: false,
        readsLog: true)
    #expect(late.order == .readLog(through: Zxid(0x1_0000_0004)))
}

@Test func `the log is not read where it could not reach memory`() {
    let history = shortMemory(durable: 0x1_0000_0002)
    let plan = SynchronizationPlan(
        for: Zxid(0x1_0000_0001), history: history, includesTail: false, readsLog: true)
    #expect(plan.order == .snapshot)
}

@Test func `the log is not read for whom memory has all, or nobody has anything`() {
    func order(_ last: Int64, _ history: History) -> SynchronizationPlan.Order {
        SynchronizationPlan(
            for: Zxid(last), history: history, includesTail: false, readsLog: true
        ).order
    }
    #expect(order(0x1_0000_0003, shortMemory()) == .diff(Zxid(0x1_0000_0005)))
    #expect(order(0x1_0000_0009, shortMemory()) == .truncate(Zxid(0x1_0000_0005)))
    #expect(order(-1, shortMemory()) == .snapshot)
    // Amid what memory holds, and unknown to it.
    let two = history([0x1_0000_0001, 0x1_0000_0002, 0x2_0000_0001])
    #expect(order(0x1_0000_0005, two) == .snapshot)
}
