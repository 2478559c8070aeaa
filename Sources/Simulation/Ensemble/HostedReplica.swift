import Configuration
import Jute
public import Quorum
import Records
public import ServerCore
public import Storage

/// A server over a simulated disk that does what its driver would do, and to which anybody can
/// say anything: for tests of what outsiders send.
public final class HostedReplica {
    /// What the server is made of.
    public enum Place: Sendable {
        case standalone
        /// Server 1 of two; the other is whoever calls.
        case follower
        /// Server 1 of three, for whom server 2 votes, and whom it follows as it should.
        case leader
        /// Server 1 of two, where observers may come as well.
        case observerMaster

        var votersCount: Int64 { self == .leader ? 3 : 2 }
    }

    /// The server.
    public let replica: Replica
    private let disk: SimulatedReplicaDisk
    private var milliseconds: Int64 = 1000
    private var connectionCount: Int64 = 0
    /// The link to the leader, once there is one.
    public private(set) var link: LinkID?
    /// What clients were told, all together.
    public private(set) var output: [UInt8] = []
    /// What the leader was told.
    public private(set) var said: [UInt8] = []
    /// What each of those was told who dialed the port for learners, while they were connected.
    public private(set) var told: [LinkID: [UInt8]] = [:]
    /// Server 2, where that follows.
    private var follower: HonestFollower?
    private var answers: [UInt8] = []
    /// What the server has said to its peers in elections, and whom it has dialed.
    public private(set) var votes: [UInt8] = []
    /// Clients that were disconnected.
    public private(set) var closedCount = 0
    /// Why the process would have ended.
    public private(set) var fatal: String?

    /// Starts the server over what the file system holds.
    public init(
        _ place: Place, _ fileSystem: SimulatedFileSystem = SimulatedFileSystem()
    ) throws(StorageError) {
        disk = try SimulatedReplicaDisk(fileSystem)
        var settings = ReplicaSettings(
            server: ServerID(place == .standalone ? 0 : 1), quorum: nil,
            membership: Membership(version: 0, members: []))
        if place != .standalone {
            let members = (1...place.votersCount).map { number in
                let host = Endpoint(host: "host", port: UInt16(number))
                return Member(
                    id: ServerID(number), quorum: host, election: host, client: nil,
                    role: .participant)
            }
            settings.membership = Membership(version: 0, members: members)
            settings.quorum = QuorumSettings(myID: ServerID(1))
            if place == .observerMaster { settings.quorum?.observerMasterPort = 1 }
        }
        settings.extendedTypesEnabled = true
        settings.requestSizeMax = 1 << 16
        settings.fourLetterWords = FourLetterWords.Whitelist("*")
        settings.access.logins = ["bob": "secret"]
        settings.access.providers = [.sasl]
        replica = Replica(
            settings: settings, disk: disk, seed: 1,
            now: Moment(monotonicMilliseconds: 1000, wallMilliseconds: 1000))
        replica.start(now)
        perform()
    }

    private var now: Moment {
        Moment(monotonicMilliseconds: milliseconds, wallMilliseconds: milliseconds)
    }

    /// Time goes by.
    public func pass(_ more: Int64) {
        milliseconds += more
        replica.hitDeadline(now)
        perform()
    }

    /// A client connects and sends these bytes, cut where `cuts` says; what was not consumed comes
    /// again with what follows, as from a socket.
    public func clientSends(_ bytes: [UInt8], cuts: [Int]) {
        connectionCount += 1
        let id = ConnectionID(connectionCount)
        guard replica.clientConnected(id, address: [127, 0, 0, 1], port: 1, now) else { return }
        var unread: [UInt8] = []
        var start = 0
        for end in cuts.filter({ $0 < bytes.count }).sorted() + [bytes.count] where end >= start {
            unread += bytes[start..<end]
            start = end
            let consumed = replica.clientReceived(id, unread.rawSpan, now)
            unread.removeFirst(min(consumed, unread.count))
            perform()
        }
        replica.clientClosed(id, now)
        perform()
    }

    /// A peer dials the election port and sends these bytes.
    public func electionSends(_ bytes: [UInt8]) {
        let link = replica.newLink()
        replica.electionAccepted(link, now)
        replica.electionReceived(link, bytes.rawSpan, now)
        perform()
        replica.electionClosed(link, now)
        perform()
    }

    /// Server 2 has itself elected, and the server dials it.
    public func elect() {
        vote(HostedReplica.vote)
    }

    /// Server 2 votes for this server.
    public func electThis() {
        vote(HostedReplica.vote(for: ServerID(1), zxid: Zxid(5), epoch: 0))
    }

    private func vote(_ bytes: [UInt8]) {
        let link = replica.newLink()
        replica.electionAccepted(link, now)
        replica.electionReceived(link, bytes.rawSpan, now)
        perform()
        pass(1000)
    }

    /// What server 2 sends to be elected.
    public static var vote: [UInt8] {
        vote(for: ServerID(2), zxid: Zxid(0x7000_0000_0000), epoch: 0x7000)
    }

    private static func vote(for leader: ServerID, zxid: Zxid, epoch: Int64) -> [UInt8] {
        var writer = JuteWriter()
        ElectionGreeting(server: ServerID(2), address: "host:2").write(to: &writer)
        let frame = writer.beginFrame()
        Notification(
            state: .looking, leader: leader, zxid: zxid, round: 1, epoch: epoch,
            configuration: []
        ).write(to: &writer)
        writer.endFrame(frame)
        return writer.copyBytes()
    }

    /// The leader sends these bytes.
    public func leaderSends(_ bytes: [UInt8]) {
        guard let link else { return }
        replica.quorumReceived(link, bytes.rawSpan, now)
        perform()
    }

    /// A learner dials, or an observer where those are served.
    public func learnerDials() -> LinkID {
        let link = replica.newLink()
        told[link] = []
        replica.quorumAccepted(link, now)
        perform()
        return link
    }

    /// It sends these bytes, unless it has been let go.
    public func learnerSends(_ bytes: some Sequence<UInt8>, on link: LinkID) {
        guard told[link] != nil else { return }
        replica.quorumReceived(link, Array(bytes).rawSpan, now)
        perform()
    }

    /// Server 2 comes as it should, unless it is there: it was let go if somebody else has said
    /// that he is server 2.
    public func followerComes() {
        guard follower == nil else { return }
        let link = learnerDials()
        follower = HonestFollower(link)
        learnerSends(HonestFollower.introduction, on: link)
    }

    private func heard(_ link: LinkID, _ bytes: [UInt8]) {
        if link == follower?.link {
            answers += follower?.hears(bytes) ?? []
        } else {
            told[link]? += bytes
        }
    }

    /// What the follower has to say to what it has been told.
    private func followerAnswers() {
        guard let link = follower?.link, !answers.isEmpty else { return }
        let bytes = answers
        answers = []
        replica.quorumReceived(link, bytes.rawSpan, now)
    }

    private func perform() {
        repeat {
            replica.drainOutput { _, bytes in output += Array(copying: bytes) }
            for effect in replica.takeEffects() {
                switch effect {
                case .closeClient: closedCount += 1
                case .quorumDial(let dialed, _):
                    link = dialed
                    replica.quorumDialed(dialed, now)
                case .quorumSend(let link, let bytes) where link == self.link: said += bytes
                case .quorumSend(let link, let bytes): heard(link, bytes)
                case .quorumClose(let closed) where closed == link: link = nil
                case .quorumClose(let closed):
                    told[closed] = nil
                    if follower?.link == closed { follower = nil }
                case .electionSend(_, let bytes): votes += bytes
                case .electionDial(_, let endpoint): votes += endpoint.host.bytes
                case .fatal(_, let reason): fatal = reason
                default: break
                }
            }
            let queued = disk.queuedCount
            if queued > 0, let zxid = try? disk.sync(queued) {
                replica.logged(through: zxid, now)
            }
            followerAnswers()
        } while replica.hasEffects
    }
}
