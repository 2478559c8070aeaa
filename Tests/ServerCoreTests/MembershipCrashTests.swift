import Jute
import Records
import Storage
import Testing

@testable import Quorum
@testable import ServerCore
@testable import Simulation

// What the disk says of the members after a crash, and in what order it came to say that.

/// A follower of server 2 in an ensemble that may change; power fails when the test wants.
private final class Follower {
    let fileSystem: SimulatedFileSystem
    let replica: Replica
    private let disk: SimulatedReplicaDisk
    private var time = Moment(monotonicMilliseconds: 1, wallMilliseconds: 1)
    private(set) var link: LinkID?
    private(set) var said: [UInt8] = []
    /// The epoch on disk each time a file of members was written.
    private(set) var epochsAtFiles: [Epoch] = []

    init(_ fileSystem: SimulatedFileSystem, _ membership: Membership, lastSeen: Membership?) throws
    {
        self.fileSystem = fileSystem
        self.disk = try SimulatedReplicaDisk(fileSystem)
        var quorum = QuorumSettings(myID: ServerID(1))
        quorum.reconfigEnabled = true
        var settings = ReplicaSettings(
            server: ServerID(1), quorum: quorum, membership: membership)
        settings.reconfigEnabled = true
        settings.lastSeenMembership = lastSeen
        self.replica = Replica(settings: settings, disk: disk, seed: 1, now: time)
        replica.start(time)
        perform()
    }

    func follow(_ epoch: Epoch, _ membership: Membership) {
        let election = replica.newLink()
        replica.electionAccepted(election, time)
        var writer = JuteWriter()
        ElectionGreeting(server: ServerID(2), address: "host:2").write(to: &writer)
        let frame = writer.beginFrame()
        Notification(
            state: .looking, leader: ServerID(2), zxid: Zxid(0x7000_0000_0000), round: 1,
            epoch: 0x7000, configuration: Array(membership.text.utf8)
        ).write(to: &writer)
        writer.endFrame(frame)
        replica.electionReceived(election, writer.copyBytes().rawSpan, time)
        perform()
        time = Moment(monotonicMilliseconds: 1000, wallMilliseconds: 1000)
        replica.hitDeadline(time)
        perform()
        say(.leaderInfo, epoch.start, [0, 1, 0, 0])
    }

    func say(_ kind: QuorumPacket.Kind, _ zxid: Zxid, _ data: [UInt8]? = nil) {
        var writer = JuteWriter()
        QuorumPacket(kind, zxid: zxid, data: data).write(to: &writer)
        send(writer.copyBytes())
    }

    func send(_ bytes: [UInt8]) {
        guard let link else { return }
        replica.quorumReceived(link, bytes.rawSpan, time)
        perform()
    }

    /// Writes a snapshot of all that it has.
    func takeSnapshot() { disk.takeSnapshot(replica.databaseImage) }

    private func perform() {
        repeat {
            replica.drainOutput { _, _ in }
            for effect in replica.takeEffects() {
                switch effect {
                case .quorumDial(let dialed, _):
                    link = dialed
                    replica.quorumDialed(dialed, time)
                case .quorumSend(_, let bytes): said += bytes
                case .membershipProposed, .membershipCommitted:
                    let epochs = EpochFiles(ScriptedLeader.directories, in: fileSystem)
                    if let now = try? epochs.start(lastZxid: .zero) {
                        epochsAtFiles.append(now.current)
                    }
                default: break
                }
            }
            let queued = disk.queuedCount
            if queued > 0, let zxid = try? disk.sync(queued) { replica.logged(through: zxid, time) }
        } while replica.hasEffects
    }
}

struct MembershipCrashTests {
    private static func config(_ version: Int64, _ ids: [Int64]) -> Membership {
        let members = ids.map { (number: Int64) in
            Member(
                id: ServerID(number), quorum: Endpoint(host: "host", port: UInt16(number + 100)),
                election: Endpoint(host: "host", port: UInt16(number)), client: nil,
                role: .participant)
        }
        return Membership(version: version, members: members)
    }

    private static let old = config(0x1_0000_0000, [1, 2])
    private static let next = config(0x1_0000_0005, [2, 3, 4])

    private static func transaction(_ membership: Membership) -> LogEntry {
        let zxid = Zxid(membership.version)
        let header = TransactionHeader(
            session: SessionID(7), cxid: Xid(1), zxid: zxid, time: 7, type: .reconfig)
        let body = TransactionBody.reconfig(
            "/zookeeper/config", data: Array(membership.text.utf8), version: -1)
        return LogEntry(zxid: zxid, bytes: Transaction(header: header, body: body).encoded)
    }

    /// The leader's database, in which the change is.
    private static func database() -> [UInt8] {
        let items: [SnapshotItem] = [
            .acl(index: 1, ACL.readOnly), .znode("", data: [], aclIndex: -1, StatPersisted()),
            .znode("/zookeeper", data: [], aclIndex: -1, StatPersisted()),
            .znode(
                "/zookeeper/config", data: Array(next.text.utf8), aclIndex: 1, StatPersisted()),
            .znode("/zookeeper/quota", data: [], aclIndex: -1, StatPersisted()), .end,
        ]
        var writer = JuteWriter()
        writer.writeSnapshotSignature()
        return SnapshotItem.encodeBody(items) + writer.copyBytes()
    }

    @Test func `a change within a leader's snapshot is known after any crash`() throws {
        let prepared = try PreparedDisk()
        try prepared.writeSnapshot(.zero)
        try prepared.writeLog([Zxid(0x1_0000_0001), Zxid(0x1_0000_0002)])
        let follower = try Follower(prepared.fileSystem, Self.old, lastSeen: nil)
        follower.follow(Epoch(2), Self.old)
        #expect(follower.link != nil)
        follower.say(.snapshot, Zxid(0x1_0000_0010))
        follower.send(Self.database())
        follower.say(.newLeader, Zxid(0x2_0000_0000), Array(Self.next.text.utf8))
        // The files of members are written after everything else of the same event: by then the
        // snapshot is saved and the epoch entered.
        #expect(follower.epochsAtFiles.last == Epoch(2))
        // The power goes before .dynamic.next is written.
        prepared.fileSystem.crash(seed: 1)
        let again = try Follower(prepared.fileSystem, Self.old, lastSeen: nil)
        #expect(again.replica.lastZxid == Zxid(0x1_0000_0010))
        let peer = try #require(again.replica.peer)
        #expect(peer.lastSeenMembership == Self.next)
    }

    /// A disk whose log ends with the change.
    private static func diskWithChange() throws -> PreparedDisk {
        let prepared = try PreparedDisk()
        try prepared.writeSnapshot(.zero)
        var log = TransactionLog(
            in: ScriptedLeader.directories.logs, of: prepared.fileSystem, options: .init())
        log.append(transaction(next))
        try log.commit()
        return prepared
    }

    @Test func `a change in the log counts although dynamic next says something later`() throws {
        let prepared = try Self.diskWithChange()
        let later = Self.config(0x1_0000_0009, [1, 2, 3])
        let follower = try Follower(prepared.fileSystem, Self.old, lastSeen: later)
        let peer = try #require(follower.replica.peer)
        #expect(peer.lastSeenMembership == Self.next)
    }

    @Test func `a snapshot of what is logged says that a change is in it`() throws {
        let prepared = try Self.diskWithChange()
        // It has lost its files, and others tell it of the configuration before the change.
        let follower = try Follower(
            prepared.fileSystem, Self.config(0, [1, 2]), lastSeen: nil)
        follower.follow(Epoch(2), Self.old)
        #expect(follower.replica.peer?.membership == Self.old)
        follower.takeSnapshot()
        let again = try Follower(prepared.fileSystem, Self.old, lastSeen: nil)
        #expect(again.replica.lastZxid == Zxid(Self.next.version))
        #expect(again.replica.peer?.lastSeenMembership == Self.next)
    }
}
