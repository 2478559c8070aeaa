import Quorum
import Records

/// What survives a crash of a server, and what does not: appends that were not synced are lost from
/// some point on.
struct ToyDisk {
    private(set) var acceptedEpoch = Epoch.zero
    private(set) var currentEpoch = Epoch.zero
    /// The epoch that the current one took the place of.
    private(set) var formerEpoch = Epoch.zero
    /// Durable snapshots, in the order of their zxids.
    private(set) var snapshots: [(zxid: Zxid, tree: ToyTree)] = []
    /// Durable entries of the log.
    private(set) var log: [Proposal] = []
    /// Appended behind the log, not durable.
    private(set) var unsynced: [Proposal] = []
    /// Counts what makes a sync that is under way meaningless.
    private(set) var generation = 0

    init() {}

    /// A disk with the snapshot of an empty database, as every server has it that took part once.
    static var begun: ToyDisk {
        var disk = ToyDisk()
        disk.save(ToyTree(), at: .zero)
        return disk
    }

    /// Whether anything was ever written.
    var hasDatabase: Bool { !snapshots.isEmpty || !log.isEmpty }

    /// Whether a transaction would be there after a crash.
    func holds(_ zxid: Zxid) -> Bool {
        // The newest are at the end.
        snapshots.contains { $0.tree.last >= zxid }
            || log.reversed().contains { $0.zxid == zxid }
    }

    /// As a checker of packets sees it.
    var checked: PacketChecker.Disk {
        PacketChecker.Disk(
            acceptedEpoch: acceptedEpoch, currentEpoch: currentEpoch, formerEpoch: formerEpoch,
            last: max(log.last?.zxid ?? .none, snapshots.last?.zxid ?? .none))
    }

    /// What a server reads when it starts.
    ///
    /// History of a later epoch than the current one is what a crash left on the way into an epoch:
    /// its epoch is adopted, as `EpochFiles` does. Who had lost its disk would vote with a whole
    /// history as if it were the oldest otherwise.
    mutating func recover(recentMax: Int) -> (tree: ToyTree, history: QuorumHistory) {
        let (tree, replayed) = replay()
        let last = replayed.last?.zxid ?? snapshots.last?.zxid ?? .none
        if last.epoch <= acceptedEpoch { currentEpoch = max(currentEpoch, last.epoch) }
        let history = QuorumHistory(
            lastLogged: last, committedLog: Array(replayed.suffix(recentMax)),
            acceptedEpoch: acceptedEpoch, currentEpoch: currentEpoch)
        return (tree, history)
    }

    /// What the durable entries make of the newest snapshot, and which of them are not in it.
    func replay() -> (tree: ToyTree, entries: [Proposal]) {
        var tree = ToyTree()
        if let newest = snapshots.last { tree = newest.tree }
        let start = snapshots.last?.zxid ?? .zero
        var replayed: [Proposal] = []
        for entry in log where entry.zxid > start {
            tree.apply(entry)
            replayed.append(entry)
        }
        return (tree, replayed)
    }

    mutating func persistAccepted(_ epoch: Epoch) { acceptedEpoch = epoch }
    mutating func persistCurrent(_ epoch: Epoch) {
        formerEpoch = currentEpoch
        currentEpoch = epoch
    }

    mutating func append(_ proposals: [Proposal]) { unsynced += proposals }

    /// The first `count` of what was appended are durable.
    mutating func synced(_ count: Int) -> Zxid? {
        let durable = unsynced.prefix(count)
        log += durable
        unsynced.removeFirst(durable.count)
        return durable.last?.zxid
    }

    mutating func flush() {
        generation += 1
        log += unsynced
        unsynced = []
    }

    mutating func save(_ tree: ToyTree, at zxid: Zxid) {
        snapshots.removeAll { $0.zxid == zxid }
        snapshots.append((zxid, tree))
        snapshots.sort { $0.zxid < $1.zxid }
        if snapshots.count > 3 { snapshots.removeFirst() }
    }

    /// The durable entries after `start` through `end`, nil if some of them are not here.
    func entries(after start: Zxid, through end: Zxid) -> [Proposal]? {
        guard let first = log.firstIndex(where: { $0.zxid > start }), first > 0,
            log[first - 1].zxid == start || start.isEpochStart,
            let last = log.lastIndex(where: { $0.zxid == end })
        else { return nil }
        guard first <= last else { return nil }
        for place in first...last where place > first || log[first - 1].zxid >= start {
            guard follows(log[place].zxid, log[place - 1].zxid) else { return nil }
        }
        return Array(log[first...last])
    }

    /// Whether nothing lies between two entries of the log; a snapshot may have filled a hole.
    private func follows(_ zxid: Zxid, _ previous: Zxid) -> Bool {
        if zxid == previous.next { return true }
        return zxid.epoch > previous.epoch && zxid.counter == 1
            && !snapshots.contains { $0.zxid > previous && $0.zxid < zxid }
    }

    /// Everything up to the newest snapshot is purged.
    mutating func purge() {
        guard let newest = snapshots.last else { return }
        snapshots.removeFirst(snapshots.count - 1)
        log.removeAll { $0.zxid <= newest.zxid }
    }

    /// After a leader's snapshot: nothing beyond it may be replayed, or stand above it.
    mutating func replace(with tree: ToyTree, at zxid: Zxid) {
        flush()
        log = []
        snapshots.removeAll { $0.zxid > zxid }
        save(tree, at: zxid)
    }

    /// False, and nothing is changed, if the history up to there is not here.
    mutating func truncate(to zxid: Zxid) -> Bool {
        flush()
        guard let base = snapshots.last(where: { $0.zxid <= zxid }),
            base.zxid == zxid || log.contains(where: { $0.zxid == zxid })
        else { return false }
        log.removeAll { $0.zxid > zxid }
        snapshots.removeAll { $0.zxid > zxid }
        return true
    }

    /// Power is gone; `kept` of what was not synced had reached the disk anyway.
    mutating func crash(kept: Int) {
        generation += 1
        log += unsynced.prefix(kept)
        unsynced = []
    }

    /// The disk is replaced by an empty one.
    mutating func wipe() {
        let generation = generation + 1
        self = ToyDisk()
        self.generation = generation
    }
}
