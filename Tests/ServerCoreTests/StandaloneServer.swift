import Jute
import Quorum
import Records
import Storage
import Testing

@testable import ServerCore
@testable import Simulation

/// A standalone server over a simulated disk, whose clients say exactly what a test wants.
final class StandaloneServer {
    let fileSystem: SimulatedFileSystem
    private(set) var replica: Replica
    private let disk: SimulatedReplicaDisk
    private(set) var milliseconds: Int64 = 1000
    private var connectionCount: Int64 = 0
    fileprivate var received: [ConnectionID: [UInt8]] = [:]
    fileprivate var closed: Set<ConnectionID> = []
    /// Whether nothing becomes durable for the time being.
    var isDiskHeld = false
    /// The most bytes that a connection was given to write at once.
    private(set) var largestWrite = 0
    /// Why the process would have ended.
    private(set) var fatal: String?
    /// What learners were told, where it has any.
    private var said: [LinkID: [UInt8]] = [:]

    /// Starts over what the file system holds.
    init(
        _ fileSystem: SimulatedFileSystem = SimulatedFileSystem(),
        _ adjust: (inout ReplicaSettings) -> Void = { _ in }
    ) throws {
        self.fileSystem = fileSystem
        self.disk = try SimulatedReplicaDisk(fileSystem)
        var settings = ReplicaSettings(
            server: ServerID(0), quorum: nil, membership: Membership(version: 0, members: []))
        settings.extendedTypesEnabled = true
        settings.sessionTimeoutMillisecondsMax = 1_000_000_000
        settings.fourLetterWords = FourLetterWords.Whitelist("*")
        adjust(&settings)
        self.replica = Replica(
            settings: settings, disk: disk, seed: 1,
            now: Moment(monotonicMilliseconds: 1000, wallMilliseconds: 1000))
        replica.start(now)
        perform()
    }

    var moment: Moment { now }

    var now: Moment {
        Moment(monotonicMilliseconds: milliseconds, wallMilliseconds: milliseconds)
    }

    /// Time goes by, with every deadline on its way kept.
    func pass(_ more: Int64) {
        let end = milliseconds + more
        while let next = replica.nextDeadline, next <= end {
            milliseconds = max(milliseconds, next)
            replica.hitDeadline(now)
            perform()
        }
        milliseconds = end
        replica.hitDeadline(now)
        perform()
    }

    /// A client with a session.
    func client(address: [UInt8] = [127, 0, 0, 1]) throws -> RawClient {
        let client = try connection(address: address)
        client.send { writer in
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 1_000_000_000, session: .none,
                password: Array(repeating: 0, count: 16), readOnly: false
            ).write(to: &writer)
        }
        let frame = try #require(client.takeFrame())
        var reader = JuteReader(frame.rawSpan)
        client.session = try ConnectResponse(from: &reader).session
        return client
    }

    /// A client that takes over a session.
    func client(takingOver session: SessionID) throws -> RawClient {
        let client = try connection()
        client.send { writer in
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 1_000_000_000, session: session,
                password: SessionPassword.make(for: session), readOnly: false
            ).write(to: &writer)
        }
        let frame = try #require(client.takeFrame())
        var reader = JuteReader(frame.rawSpan)
        client.session = try ConnectResponse(from: &reader).session
        return client
    }

    /// A client without one.
    func connection(address: [UInt8] = [127, 0, 0, 1]) throws -> RawClient {
        connectionCount += 1
        let id = ConnectionID(connectionCount)
        #expect(replica.clientConnected(id, address: address, port: 1, now))
        return RawClient(self, id)
    }

    /// What the server answers to a four letter word.
    func word(_ name: String) throws -> String {
        let client = try connection()
        client.sendBytes(Array(name.utf8))
        return String(decoding: client.takeBytes(), as: UTF8.self)
    }

    /// What a learner was told since it was asked last.
    func takePackets(_ link: LinkID) throws -> [QuorumPacket] {
        let bytes = said.removeValue(forKey: link) ?? []
        var reader = JuteReader(bytes.rawSpan)
        var packets: [QuorumPacket] = []
        while reader.remaining > 0 {
            packets.append(try QuorumPacket(from: &reader, dataSizeMax: 1 << 20))
        }
        return packets
    }

    fileprivate func send(_ bytes: [UInt8], from id: ConnectionID) {
        var unread = bytes
        while !unread.isEmpty {
            let consumed = replica.clientReceived(id, unread.rawSpan, now)
            unread.removeFirst(min(consumed, unread.count))
            perform()
            if consumed == 0 { return }
        }
    }

    func perform() {
        repeat {
            replica.drainOutput { id, bytes in
                largestWrite = max(largestWrite, bytes.byteCount)
                received[id, default: []] += Array(copying: bytes)
            }
            for effect in replica.takeEffects() {
                switch effect {
                case .closeClient(let id): closed.insert(id)
                case .quorumSend(let link, let bytes): said[link, default: []] += bytes
                case .fatal(_, let reason): fatal = reason
                default: break
                }
            }
            let queued = disk.queuedCount
            if queued > 0, !isDiskHeld, let zxid = try? disk.sync(queued) {
                replica.logged(through: zxid, now)
            }
        } while replica.hasEffects
    }
}

/// A client that knows frames and nothing else.
final class RawClient {
    private let server: StandaloneServer
    let id: ConnectionID
    var session = SessionID.none
    private var lastXid: Int32 = 0

    init(_ server: StandaloneServer, _ id: ConnectionID) {
        self.server = server
        self.id = id
    }

    /// An answer, and what came before it.
    struct Answer {
        var xid: Int32
        var zxid: Int64
        var error: ErrorCode
        var body: [UInt8]
        var events: [WatcherEvent]
    }

    /// Whether the server has closed the connection.
    var isClosed: Bool { server.closed.contains(id) }

    func sendBytes(_ bytes: [UInt8]) { server.send(bytes, from: id) }

    func send(_ body: (inout JuteWriter) -> Void) {
        var writer = JuteWriter()
        let frame = writer.beginFrame()
        body(&writer)
        writer.endFrame(frame)
        server.send(writer.copyBytes(), from: id)
    }

    func takeBytes() -> [UInt8] { server.received.removeValue(forKey: id) ?? [] }

    /// The next frame that has come, without its length.
    func takeFrame() -> [UInt8]? {
        guard let all = server.received[id], all.count >= 4 else { return nil }
        let length = all[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard all.count >= 4 + length else { return nil }
        server.received[id] = Array(all[(4 + length)...])
        return Array(all[4..<(4 + length)])
    }

    /// Asks, and takes the answer.
    @discardableResult
    func ask(
        _ type: OpCode, xid: Int32? = nil, _ body: (inout JuteWriter) -> Void = { _ in }
    ) throws -> Answer {
        lastXid += 1
        let sent = xid ?? lastXid
        send { writer in
            RequestHeader(xid: Xid(sent), type: type).write(to: &writer)
            body(&writer)
        }
        let events = try takeEvents()
        let frame = try #require(takeFrame(), "no answer to \(type)")
        var reader = JuteReader(frame.rawSpan)
        let header = try ReplyHeader(from: &reader)
        return Answer(
            xid: header.xid.rawValue, zxid: header.zxid.rawValue, error: header.error,
            body: try reader.readBytes(count: reader.remaining), events: events)
    }

    /// The notifications that have come, up to the next answer.
    func takeEvents() throws -> [WatcherEvent] {
        var events: [WatcherEvent] = []
        while let all = server.received[id], all.count >= 8,
            all[4..<8].allSatisfy({ $0 == 0xff }), let frame = takeFrame()
        {
            var reader = JuteReader(frame.rawSpan)
            _ = try ReplyHeader(from: &reader)
            events.append(try WatcherEvent(from: &reader))
        }
        return events
    }

    // MARK: Requests in short

    @discardableResult
    func create(
        _ path: Path?, _ data: [UInt8]? = [], flags: Int32 = 0, type: OpCode = .create,
        acl: [ACL]? = ACL.open
    ) throws -> Answer {
        try ask(type) {
            CreateRequest(path: path, data: data, acl: acl, flags: flags).write(to: &$0)
        }
    }

    @discardableResult
    func createTTL(
        _ path: Path, milliseconds: Int64, flags: Int32 = 5
    ) throws -> Answer {
        try ask(.createTTL) {
            CreateTTLRequest(
                path: path, data: [], acl: ACL.open, flags: flags, timeToLive: milliseconds
            ).write(to: &$0)
        }
    }

    @discardableResult
    func delete(_ path: Path, version: Int32 = -1) throws -> Answer {
        try ask(.delete) { DeleteRequest(path: path, version: version).write(to: &$0) }
    }

    @discardableResult
    func setData(_ path: Path, _ data: [UInt8]?, version: Int32 = -1) throws -> Answer {
        try ask(.setData) {
            SetDataRequest(path: path, data: data, version: version).write(to: &$0)
        }
    }

    @discardableResult
    func authenticate(_ scheme: ByteString, _ data: String) throws -> Answer {
        try ask(.auth, xid: -4) {
            AuthPacket(scheme: scheme, auth: Array(data.utf8)).write(to: &$0)
        }
    }

    func watchable(_ type: OpCode, _ path: Path, watch: Bool = false) throws -> Answer {
        try ask(type) { WatchableRequest(path: path, watch: watch).write(to: &$0) }
    }

    /// The data of a znode.
    func data(_ path: Path) throws -> [UInt8]? {
        let answer = try watchable(.getData, path)
        try #require(answer.error == .ok, "getData \(path)")
        var reader = JuteReader(answer.body.rawSpan)
        return try GetDataResponse(from: &reader).data
    }

    /// Whether there is such a znode.
    func has(_ path: Path) throws -> Bool { try watchable(.exists, path).error == .ok }

    /// A multi or multiRead of operations that are written by `operations`.
    func several(
        _ type: OpCode = .multi, _ operations: [(OpCode, (inout JuteWriter) -> Void)]
    ) throws -> Answer {
        try ask(type) { writer in
            for (type, body) in operations {
                MultiHeader(type: type, error: ErrorCode(rawValue: -1)).write(to: &writer)
                body(&writer)
            }
            MultiHeader.end.write(to: &writer)
        }
    }
}
