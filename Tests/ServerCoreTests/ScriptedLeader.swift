import Jute
import Quorum
import Records
import ServerCore
import Storage
import Testing

@testable import Simulation

/// A follower or observer over a simulated disk, and a leader that says whatever the test wants:
/// server 1 of two, which has elected server 2.
final class ScriptedLeader {
    static let directories = DataDirectories(data: "/data", dataLog: "/log")

    let fileSystem: SimulatedFileSystem
    let replica: Replica
    private let disk: SimulatedReplicaDisk
    private var milliseconds: Int64 = 1
    /// The link to the leader, once it is there.
    private(set) var link: LinkID?
    /// How often the leader was dialed.
    private(set) var dialCount = 0
    /// What the follower has said since the last `takePackets`.
    private var said: [UInt8] = []
    /// What clients of the follower were told.
    private(set) var output: [ConnectionID: [UInt8]] = [:]
    /// What has come from clients, and is left to be read.
    private(set) var unread: [ConnectionID: [UInt8]] = [:]
    private var paused: Set<ConnectionID> = []
    /// Clients that the follower has disconnected.
    private(set) var closed: Set<ConnectionID> = []
    /// What the follower wrote to its log for people.
    private(set) var lines: [(level: LogLevel, text: String)] = []
    /// Why the process would have ended.
    private(set) var fatal: String?

    /// Starts the server over what the file system holds; with a port for observers it stands in
    /// for the leader with them.
    init(
        _ fileSystem: SimulatedFileSystem, as role: MemberRole = .participant,
        observersPort: UInt16? = nil
    ) throws {
        self.fileSystem = fileSystem
        self.disk = try SimulatedReplicaDisk(fileSystem)
        let members = [Int64(1), 2].map { number in
            let host = Endpoint(host: "host", port: UInt16(number))
            return Member(
                id: ServerID(number), quorum: host, election: host, client: nil,
                role: number == 1 ? role : .participant)
        }
        var quorum = QuorumSettings(myID: ServerID(1))
        quorum.observerMasterPort = observersPort
        let settings = ReplicaSettings(
            server: ServerID(1), quorum: quorum,
            membership: Membership(version: 0, members: members))
        self.replica = Replica(
            settings: settings, disk: disk, seed: 1,
            now: Moment(monotonicMilliseconds: 0, wallMilliseconds: 0))
        replica.start(now)
        perform()
    }

    private var now: Moment {
        Moment(monotonicMilliseconds: milliseconds, wallMilliseconds: milliseconds)
    }

    /// Has server 2 elected, and lets it accept the follower.
    func elect() throws {
        vote(round: 1)
        pass(1000)
        _ = try #require(self.link)
    }

    /// Server 2 tells whom it would have: itself.
    func vote(round: Int64) {
        let link = replica.newLink()
        replica.electionAccepted(link, now)
        var writer = JuteWriter()
        ElectionGreeting(server: ServerID(2), address: "host:2").write(to: &writer)
        let frame = writer.beginFrame()
        Notification(
            state: .looking, leader: ServerID(2), zxid: Zxid(0x7000_0000_0000), round: round,
            epoch: 0x7000, configuration: []
        ).write(to: &writer)
        writer.endFrame(frame)
        replica.electionReceived(link, writer.copyBytes().rawSpan, now)
        perform()
    }

    /// Has the follower serve clients, from a history that ends at `last`.
    func establish(_ epoch: Epoch, last: Zxid) {
        offer(epoch)
        say(.diff, last)
        say(.newLeader, epoch.start)
        say(.upToDate, .none)
    }

    /// An observer comes to the follower, and is brought to a history that ends at `last`.
    func observer(_ id: ServerID, _ epoch: Epoch, last: Zxid) -> LinkID {
        let link = replica.newLink()
        replica.quorumAccepted(link, now)
        var info = JuteWriter()
        LearnerInfo(server: id, configVersion: 0).write(to: &info)
        send(QuorumPacket(.observerInfo, zxid: .zero, data: info.copyBytes()), on: link)
        send(QuorumPacket(.ackEpoch, zxid: last, data: [0, 0, 0, 0]), on: link)
        send(QuorumPacket(.ack, zxid: epoch.start), on: link)
        return link
    }

    /// A client connects to the follower.
    func connect(_ id: ConnectionID) {
        #expect(replica.clientConnected(id, address: [127, 0, 0, 1], port: 1, now))
    }

    /// A client's connection to the follower ends.
    func disconnect(_ id: ConnectionID) {
        replica.clientClosed(id, now)
        perform()
    }

    /// A client says this to the follower, as one frame, which is read once the follower wants to.
    func client(_ id: ConnectionID, _ body: (inout JuteWriter) -> Void) {
        var writer = JuteWriter()
        let frame = writer.beginFrame()
        body(&writer)
        writer.endFrame(frame)
        hand(id, writer.copyBytes())
        perform()
    }

    /// Gives the follower what has come from a client, as far as it reads.
    private func hand(_ id: ConnectionID, _ bytes: [UInt8] = []) {
        unread[id, default: []] += bytes
        guard !paused.contains(id), let all = unread[id] else { return }
        let consumed = replica.clientReceived(id, all.rawSpan, now)
        unread[id] = Array(all.dropFirst(consumed))
    }

    /// The frames that a client was told since it was asked last.
    func takeFrames(_ id: ConnectionID) -> [[UInt8]] {
        var rest = (output.removeValue(forKey: id) ?? [])[...]
        var frames: [[UInt8]] = []
        while rest.count >= 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            frames.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return frames
    }

    /// Time goes by.
    func pass(_ more: Int64) {
        milliseconds += more
        replica.hitDeadline(now)
        perform()
    }

    /// The leader says this.
    func say(_ kind: QuorumPacket.Kind, _ zxid: Zxid, _ data: [UInt8]? = nil) {
        guard let link else { return }
        send(QuorumPacket(kind, zxid: zxid, data: data), on: link)
    }

    /// The leader, or an observer, sends this packet.
    func send(_ packet: QuorumPacket, on link: LinkID) {
        var writer = JuteWriter()
        packet.write(to: &writer)
        send(writer.copyBytes(), on: link)
    }

    /// These bytes come over a link.
    func send(_ bytes: [UInt8], on link: LinkID) {
        replica.quorumReceived(link, bytes.rawSpan, now)
        perform()
    }

    /// The leader offers its epoch, and the follower promises it.
    func offer(_ epoch: Epoch) {
        say(.leaderInfo, epoch.start, [0, 1, 0, 0])
    }

    /// What the follower has said, and forgets it.
    func takePackets() throws -> [QuorumPacket] {
        let all = said
        said = []
        var reader = JuteReader(all.rawSpan)
        var packets: [QuorumPacket] = []
        while reader.remaining > 0 {
            packets.append(try QuorumPacket(from: &reader, dataSizeMax: 1 << 20))
        }
        return packets
    }

    /// The warnings among what it wrote for people.
    var warnings: [String] { lines.filter { $0.level >= .warning }.map(\.text) }

    private func perform() {
        repeat {
            replica.drainOutput { id, bytes in output[id, default: []] += Array(copying: bytes) }
            for effect in replica.takeEffects() { perform(effect) }
            let queued = disk.queuedCount
            if queued > 0, let zxid = try? disk.sync(queued) {
                replica.logged(through: zxid, now)
            }
        } while replica.hasEffects
    }

    private func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .quorumDial(let dialed, _):
            dialCount += 1
            link = dialed
            replica.quorumDialed(dialed, now)
        case .quorumSend(let link, let bytes) where link == self.link: said += bytes
        case .quorumClose(let closed) where closed == link: link = nil
        case .pauseReading(let id): paused.insert(id)
        case .resumeReading(let id):
            paused.remove(id)
            hand(id)
        case .closeClient(let id): closed.insert(id)
        case .log(let level, let text): lines.append((level, text))
        case .fatal(_, let reason): fatal = reason
        default: break
        }
    }
}

/// A disk on which a server has lived, without the server.
struct PreparedDisk {
    let fileSystem: SimulatedFileSystem

    init(_ fileSystem: SimulatedFileSystem = SimulatedFileSystem()) throws {
        self.fileSystem = fileSystem
        try ScriptedLeader.directories.prepare(in: fileSystem)
    }

    /// A whole snapshot with these znodes besides the built-in ones.
    func writeSnapshot(_ zxid: Zxid, _ paths: [Path] = []) throws {
        var writer = try SnapshotFileWriter(
            zxid, in: ScriptedLeader.directories.snapshots, of: fileSystem)
        try writer.append(DatabaseStream.body(paths))
        _ = try writer.finish(SnapshotTrailer(digest: nil, lastZxid: zxid))
    }

    /// A log file with these creates.
    func writeLog(_ zxids: [Zxid]) throws {
        var log = TransactionLog(
            in: ScriptedLeader.directories.logs, of: fileSystem, options: .init())
        for zxid in zxids {
            log.append(LogEntry(zxid: zxid, bytes: Transaction.creation(zxid).encoded))
        }
        try log.commit()
    }

    /// The names of all files.
    var names: [String] {
        get throws {
            try fileSystem.list(ScriptedLeader.directories.snapshots)
                + fileSystem.list(ScriptedLeader.directories.logs)
        }
    }
}

/// Databases as a leader sends them.
enum DatabaseStream {
    /// A snapshot's body with these znodes besides those that every tree has.
    static func body(_ paths: [Path]) -> [UInt8] {
        var items: [SnapshotItem] = [
            .acl(index: 1, ACL.readOnly),
            .znode("", data: [], aclIndex: -1, StatPersisted()),
        ]
        for path in ["/zookeeper", "/zookeeper/config", "/zookeeper/quota"] + paths {
            items.append(.znode(path, data: [], aclIndex: -1, StatPersisted()))
        }
        return SnapshotItem.encodeBody(items + [.end])
    }

    /// The same with its signature, as it follows SNAP.
    static func stream(_ paths: [Path]) -> [UInt8] {
        var writer = JuteWriter()
        writer.writeSnapshotSignature()
        return body(paths) + writer.copyBytes()
    }
}

extension Transaction {
    /// The creation of a znode named after its zxid.
    static func creation(_ zxid: Zxid) -> Transaction {
        let create = CreateTransaction(
            path: .named(after: zxid), data: [1, 2, 3], acl: ACL.open, type: .create,
            isEphemeral: false, parentCVersion: -1)
        let header = TransactionHeader(
            session: SessionID(7), cxid: Xid(1), zxid: zxid, time: 7, type: .create)
        return Transaction(header: header, body: .create(create))
    }
}

extension Path {
    /// The path of the znode that `Transaction.creation` makes.
    static func named(after zxid: Zxid) -> Path {
        Path("/\(String(zxid.rawValue, radix: 16))")
    }
}
