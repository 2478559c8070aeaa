import Mutants
import Records

/// Whom a server would have as leader, and why.
struct Vote: Equatable {
    var leader: ServerID
    /// The last zxid of that server.
    var zxid: Zxid
    /// The epoch of that server.
    var epoch: Int64
    /// The round of elections in which the vote was cast.
    var round: Int64
    /// What whoever casts it was doing.
    var state: ServerState
    /// The version of the notification: 0 from servers that compare less.
    var version: Int32

    /// The vote of a server that has none: it only listens.
    static let none = Vote(
        leader: ServerID(Int64.min), zxid: Zxid(Int64.min), epoch: Int64.min, round: 0,
        state: .looking, version: Notification.version)

    init(
        leader: ServerID, zxid: Zxid, epoch: Int64, round: Int64, state: ServerState,
        version: Int32
    ) {
        self.leader = leader
        self.zxid = zxid
        self.epoch = epoch
        self.round = round
        self.state = state
        self.version = version
    }

    init(_ notification: Notification) {
        self.init(
            leader: notification.leader, zxid: notification.zxid, epoch: notification.epoch,
            round: notification.round, state: notification.state, version: notification.version)
    }

    /// Whether it is preferred: the later epoch, then the longer history, then the larger id.
    func isBetter(than other: Vote, in system: QuorumSystem) -> Bool {
        if Mutant.epochsIgnored.isOn {
            return (zxid.counter, leader.rawValue) > (other.zxid.counter, other.leader.rawValue)
        }
        return system.weight(of: leader) != 0
            && (epoch, zxid, leader) > (other.epoch, other.zxid, other.leader)
    }

    /// Whether both are votes for the same reign.
    ///
    /// Within an election everything must agree. Outside of one, servers that joined at different
    /// times remember different zxids and rounds, so only leader and epoch count; and where one
    /// side is too old to know the epoch, only the leader.
    func agrees(with other: Vote) -> Bool {
        guard leader == other.leader else { return false }
        if state == .looking || other.state == .looking {
            return zxid == other.zxid && epoch == other.epoch && round == other.round
        }
        return (version == 0) != (other.version == 0) || epoch == other.epoch
    }
}
