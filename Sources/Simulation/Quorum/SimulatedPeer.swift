import Quorum
import Records

/// A server of the simulation: a disk that survives, and while it runs a peer and a toy tree.
final class SimulatedPeer {
    let member: Member
    var disk: ToyDisk
    /// The disk that it had before this one, as it was in the end.
    var lostDisk: ToyDisk?
    /// nil while the server is down.
    var peer: QuorumPeer?
    private(set) var tree = ToyTree()
    /// Whether all that the tree was read with is known to be as it should be.
    var isTreeChecked = false
    var role = QuorumRole.looking
    /// Counts starts: events of an earlier life are ignored.
    var life = 0
    /// The links of the peer, both ways round.
    var ends: [LinkID: SimulatedNetwork.End] = [:]
    var links: [SimulatedNetwork.End: LinkID] = [:]
    /// Links of the quorum port; the others are of the election port.
    var quorumLinks: Set<LinkID> = []
    /// When a deadline event is due already.
    var timer: Int64?
    var isSyncing = false
    /// How long its disk takes to sync, in microseconds.
    var syncTime: ClosedRange<Int64> = 100...1000
    /// Of each stretch of the log that is read for a learner, what is wanted next.
    var logReadings: [LinkID: (after: Zxid, through: Zxid)] = [:]
    /// Operations that clients of this server wait for.
    var waiting: Set<UInt64> = []
    /// Until then the process is stopped: whatever happens to it waits.
    var stoppedUntil: Int64 = 0
    var clock = SkewedClock()
    /// After so many more effects it dies.
    var doom: Int?

    init(member: Member, disk: ToyDisk) {
        self.member = member
        self.disk = disk
    }

    var isServing: Bool { peer != nil && role != .looking }

    /// The tree is read anew, from the disk or from a leader.
    func read(_ tree: ToyTree) {
        self.tree = tree
        isTreeChecked = false
    }

    /// The next proposal is applied to it.
    func apply(_ proposal: Proposal) { tree.apply(proposal) }

    func connect(_ link: LinkID, _ end: SimulatedNetwork.End, isQuorum: Bool) {
        ends[link] = end
        links[end] = link
        if isQuorum { quorumLinks.insert(link) }
    }

    func disconnect(_ link: LinkID) {
        if let end = ends.removeValue(forKey: link) { links[end] = nil }
        quorumLinks.remove(link)
    }

    /// Nothing of a running server is left.
    func stop() {
        peer = nil
        read(ToyTree())
        role = .looking
        life += 1
        ends = [:]
        links = [:]
        quorumLinks = []
        timer = nil
        isSyncing = false
        logReadings = [:]
        waiting = []
        stoppedUntil = 0
        doom = nil
    }
}
