import Quorum
import Records
import ServerCore

/// A whole server of the simulation: a file system that survives, and while it runs a replica.
final class SimulatedServer {
    let id: ServerID
    /// What its files say about the members, which survives like the file system.
    let files: SimulatedMembershipFiles
    let fileSystem = SimulatedFileSystem()
    var disk: SimulatedReplicaDisk?
    /// The version of the newest configuration that was in force here, in whatever life.
    var newestInForce: Int64 = 0
    /// Whether it has said that its next start will not know it.
    var forgetsMembers = false
    /// nil while the server is down.
    var replica: Replica?
    /// Counts starts: events of an earlier life are ignored.
    var life = 0
    /// The links to other servers, both ways round.
    var ends: [LinkID: SimulatedNetwork.End] = [:]
    var links: [SimulatedNetwork.End: LinkID] = [:]
    var quorumLinks: Set<LinkID> = []
    /// The connections of clients, both ways round, and what they have sent that is not consumed.
    var clientEnds: [ConnectionID: SimulatedNetwork.End] = [:]
    var clients: [SimulatedNetwork.End: ConnectionID] = [:]
    var unread: [ConnectionID: [UInt8]] = [:]
    var paused: Set<ConnectionID> = []
    var lastConnection: Int64 = 0
    var timer: Int64?
    var isSyncing = false
    var syncTime: ClosedRange<Int64> = 100...1000
    /// Where an operator changes the members: whether it has files.
    var isKnown = false
    /// Its files were put aside: it never starts again.
    var isRetired = false
    /// Whether it was a member by a configuration that was in force here.
    var hasJoined = false
    /// How far its wall clock is off, in milliseconds.
    var clockError: Int64 = 0

    var clock = SkewedClock()
    /// After so many more effects it dies.
    var doom: Int?
    /// Until then the process is stopped: whatever happens to it waits.
    var stoppedUntil: Int64 = 0
    /// Whether its disk was made to fail: it may end itself then.
    var mayEnd = false
    /// Whether its disk may hold something else than was written.
    var isDecaying = false
    /// Whether its data was lost once: then it may not take itself for new.
    var hasLostData = false
    /// Whether it writes a snapshot of all that is logged when it starts next.
    var takesSnapshotAtStart = false
    /// What was durable when it was up last.
    var durable = Zxid.none
    /// The epoch that it was in then.
    var knownEpoch = Epoch.zero
    /// What was durable on disks that it has lost since.
    var lost = Zxid.none
    /// The configuration that is in force here.
    var membership: Membership
    /// One that was proposed here.
    var proposed: Membership?
    var isServing = false

    init(id: ServerID, membership: Membership, isDynamic: Bool) {
        self.id = id
        self.membership = membership
        self.files = SimulatedMembershipFiles(
            server: id, committed: membership, isDynamic: isDynamic, in: fileSystem)
    }

    /// The last transaction that would survive.
    var lastDurable: Zxid { disk?.durable ?? durable }
    /// The last transaction that it may have acknowledged: on a disk that it has lost, too.
    var lastVouched: Zxid { max(lastDurable, lost) }

    func stop() {
        durable = lastDurable
        knownEpoch = disk?.currentEpoch ?? knownEpoch
        stoppedUntil = 0
        doom = nil
        mayEnd = false
        isServing = false
        replica = nil
        disk = nil
        life += 1
        ends = [:]
        links = [:]
        quorumLinks = []
        clientEnds = [:]
        clients = [:]
        unread = [:]
        paused = []
        timer = nil
        isSyncing = false
    }

    func connect(_ link: LinkID, _ end: SimulatedNetwork.End, isQuorum: Bool) {
        ends[link] = end
        links[end] = link
        if isQuorum { quorumLinks.insert(link) }
    }

    func disconnect(_ link: LinkID) {
        if let end = ends.removeValue(forKey: link) { links[end] = nil }
        quorumLinks.remove(link)
    }

    func disconnect(_ id: ConnectionID) {
        if let end = clientEnds.removeValue(forKey: id) { clients[end] = nil }
        unread[id] = nil
        paused.remove(id)
    }
}
