import Jute
import Quorum
import Records
import Simulation
import Testing

@testable import ServerCore

/// A session that changes hands while writes are under way: nobody is told another's result.
struct TakeOverTests {
    private static let wrongVersion: Int32 = 77

    private func write(_ type: OpCode, xid: Int32, _ writer: inout JuteWriter) {
        RequestHeader(xid: Xid(xid), type: type).write(to: &writer)
        if type == .create {
            CreateRequest(path: "/new", data: [], acl: ACL.open, flags: 0).write(to: &writer)
        } else {
            SetDataRequest(path: "/", data: [], version: Self.wrongVersion).write(to: &writer)
        }
    }

    // MARK: Where it is proposed

    @Test func `the result of a write goes to whoever asked for it`() throws {
        let server = try StandaloneServer()
        let first = try server.client()
        server.isDiskHeld = true
        first.send { write(.create, xid: 1, &$0) }
        let second = try server.client(takingOver: first.session)
        #expect(second.session == first.session && first.isClosed)
        second.send { write(.setData, xid: 1, &$0) }
        server.isDiskHeld = false
        server.perform()
        let answer = try ReplyHeader(frame: try #require(second.takeFrame()))
        #expect(answer.error == .badVersion)
        #expect(second.takeFrame() == nil && first.takeFrame() == nil)
        #expect(try second.has("/new"))
    }

    // MARK: On a follower

    private static let epoch = Epoch(2)
    private static let last = Zxid(0x1_0000_0001)
    private static let session = SessionID(0x200_0000_0000_0001)
    private let first = ConnectionID(1)
    private let second = ConnectionID(2)

    private func learner(_ role: MemberRole) throws -> ScriptedLeader {
        let disk = try PreparedDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog([Self.last])
        let leader = try ScriptedLeader(disk.fileSystem, as: role)
        try leader.elect()
        leader.establish(Self.epoch, last: Self.last)
        return leader
    }

    private func follower() throws -> ScriptedLeader {
        let leader = try learner(.participant)
        #expect(leader.replica.role == .following(ServerID(2)))
        return leader
    }

    private func zxid(_ counter: UInt32) -> Zxid { Zxid(epoch: Self.epoch, counter: counter) }

    /// The leader says that a transaction is proposed, or to an observer that it is committed.
    private func propose(
        _ body: TransactionBody, _ session: SessionID, cxid: Int32, _ counter: UInt32,
        as kind: QuorumPacket.Kind = .proposal, on leader: ScriptedLeader
    ) {
        let header = TransactionHeader(
            session: session, cxid: Xid(cxid), zxid: zxid(counter), time: 1, type: body.type)
        leader.say(kind, zxid(counter), Transaction(header: header, body: body).encoded)
    }

    private var creation: TransactionBody {
        .create(
            CreateTransaction(
                path: "/new", data: [], acl: ACL.open, type: .create, isEphemeral: false,
                parentCVersion: 9))
    }

    private func connect(_ id: ConnectionID, _ session: SessionID, _ leader: ScriptedLeader) {
        leader.connect(id)
        let password = session == .none ? [] : SessionPassword.make(for: session)
        leader.client(id) {
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 10_000, session: session, password: password,
                readOnly: false
            ).write(to: &$0)
        }
    }

    /// The first connection has a new session.
    private func begin(_ leader: ScriptedLeader) throws -> SessionID {
        connect(first, .none, leader)
        let packet = try #require(try leader.takePackets().last { $0.kind == .request })
        let session = try ForwardedRequest(packet: packet).session
        propose(.createSession(timeout: 10_000), session, cxid: 0, 1, on: leader)
        leader.say(.commit, zxid(1))
        #expect(leader.takeFrames(first).count == 1)
        return session
    }

    private func allow(_ session: SessionID, _ leader: ScriptedLeader) {
        var writer = JuteWriter()
        writer.writeInt64(session.rawValue)
        writer.writeBool(true)
        leader.say(.revalidate, .none, writer.copyBytes())
    }

    private func errors(_ leader: ScriptedLeader) throws -> [ErrorCode] {
        try leader.takeFrames(second).map { try ReplyHeader(frame: $0).error }
    }

    /// Who takes over the session now is told what its own first write has led to.
    private func expectOwnResult(_ session: SessionID, _ leader: ScriptedLeader) throws {
        connect(second, session, leader)
        allow(session, leader)
        #expect(leader.takeFrames(second).count == 1)
        leader.client(second) { write(.setData, xid: 1, &$0) }
        propose(.error(.badVersion), session, cxid: 1, 3, on: leader)
        leader.say(.commit, zxid(3))
        #expect(try errors(leader) == [.badVersion])
    }

    @Test func `a connection whose session another one here wants asks for nothing`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 1, &$0) }
        #expect(try leader.takePackets().contains { $0.kind == .request })
        connect(second, session, leader)
        leader.client(first) { write(.create, xid: 2, &$0) }
        #expect(try !leader.takePackets().contains { $0.kind == .request })
    }

    @Test func `the answer for a connection that is gone lets nobody else in`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.disconnect(first)
        connect(second, session, leader)
        leader.disconnect(second)
        connect(first, session, leader)
        // Until the leader has read the second question, the session may be elsewhere.
        allow(session, leader)
        #expect(leader.takeFrames(first).isEmpty)
        allow(session, leader)
        #expect(leader.takeFrames(first).count == 1)
    }

    @Test func `a new client is given no session that is there`() throws {
        let leader = try follower()
        // The clock tells the same time as when this server gave it to somebody else.
        var former = SessionIDGenerator(server: ServerID(1), milliseconds: 0)
        let known = former.make()
        propose(.createSession(timeout: 10_000), known, cxid: 0, 1, on: leader)
        leader.say(.commit, zxid(1))
        connect(first, .none, leader)
        let packet = try #require(try leader.takePackets().last { $0.kind == .request })
        #expect(try ForwardedRequest(packet: packet).session == former.make())
    }

    @Test(arguments: [true, false])
    func `what was forwarded for a connection before answers nobody`(
        isProposedBefore: Bool
    ) throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 1, &$0) }
        leader.disconnect(first)
        connect(second, session, leader)
        // A leader of Apache ZooKeeper may let a session move before it has proposed all.
        if isProposedBefore { propose(creation, session, cxid: 1, 2, on: leader) }
        allow(session, leader)
        #expect(leader.takeFrames(second).count == 1)
        leader.client(second) { write(.setData, xid: 1, &$0) }
        if !isProposedBefore { propose(creation, session, cxid: 1, 2, on: leader) }
        propose(.error(.badVersion), session, cxid: 1, 3, on: leader)
        leader.say(.commit, zxid(2))
        #expect(try errors(leader) == [])
        leader.say(.commit, zxid(3))
        #expect(try errors(leader) == [.badVersion])
    }

    @Test func `what came while nobody had the session is not waited for`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 1, &$0) }
        leader.disconnect(first)
        propose(creation, session, cxid: 1, 2, on: leader)
        leader.say(.commit, zxid(2))
        try expectOwnResult(session, leader)
    }

    @Test func `what another server forwarded answers nobody here`() throws {
        let leader = try follower()
        connect(second, Self.session, leader)
        propose(.createSession(timeout: 10_000), Self.session, cxid: 0, 1, on: leader)
        propose(creation, Self.session, cxid: 1, 2, on: leader)
        allow(Self.session, leader)
        #expect(leader.takeFrames(second).count == 1)
        leader.client(second) { write(.setData, xid: 1, &$0) }
        leader.say(.commit, zxid(1))
        leader.say(.commit, zxid(2))
        propose(.error(.badVersion), Self.session, cxid: 1, 3, on: leader)
        leader.say(.commit, zxid(3))
        #expect(try errors(leader) == [.badVersion])
    }

    @Test func `a session that has moved away and comes back is not waited for`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 1, &$0) }
        propose(.error(.sessionMoved), session, cxid: 1, 2, on: leader)
        leader.say(.commit, zxid(2))
        #expect(leader.closed.contains(first))
        try expectOwnResult(session, leader)
    }

    @Test func `a result that never comes holds up nothing behind it`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 1, &$0) }
        leader.client(first) { write(.create, xid: 2, &$0) }
        leader.disconnect(first)
        connect(second, session, leader)
        allow(session, leader)
        #expect(leader.takeFrames(second).count == 1)
        leader.client(second) { write(.setData, xid: 3, &$0) }
        propose(creation, session, cxid: 2, 2, on: leader)
        propose(.error(.badVersion), session, cxid: 3, 3, on: leader)
        leader.say(.commit, zxid(2))
        leader.say(.commit, zxid(3))
        #expect(try errors(leader) == [.badVersion])
    }

    // MARK: On an observer

    @Test func `what another server forwarded answers nobody at an observer`() throws {
        let leader = try learner(.observer)
        #expect(leader.replica.role == .observing(ServerID(2)))
        propose(
            .createSession(timeout: 10_000), Self.session, cxid: 0, 1, as: .inform, on: leader)
        connect(second, Self.session, leader)
        _ = try leader.takePackets()
        allow(Self.session, leader)
        #expect(leader.takeFrames(second).count == 1)
        leader.client(second) { write(.setData, xid: 1, &$0) }
        // It asks for a sync before it passes on what the client wants.
        let asked = try leader.takePackets().filter { $0.kind == .request }
        #expect(try asked.map { try ForwardedRequest(packet: $0).type } == [.sync, .setData])
        propose(creation, Self.session, cxid: 1, 2, as: .inform, on: leader)
        #expect(try errors(leader) == [])
        leader.say(.sync, .none)
        propose(.error(.badVersion), Self.session, cxid: 1, 3, as: .inform, on: leader)
        #expect(try errors(leader) == [.badVersion])
    }

    @Test func `the end of a session is no answer to a request that has its xid`() throws {
        let leader = try follower()
        let session = try begin(leader)
        leader.client(first) { write(.create, xid: 0, &$0) }
        propose(.closeSession(ephemerals: []), session, cxid: 0, 2, on: leader)
        leader.say(.commit, zxid(2))
        #expect(leader.takeFrames(first).isEmpty)
    }

    // MARK: What a leader may say

    @Test func `a follower takes whatever its leader has logged`() throws {
        let leader = try follower()
        let large = TransactionBody.create(
            CreateTransaction(
                path: "/large", data: Array(repeating: 1, count: 5_000_000), acl: ACL.open,
                type: .create, isEphemeral: false, parentCVersion: 9))
        propose(large, Self.session, cxid: 1, 1, on: leader)
        leader.say(.commit, zxid(1))
        #expect(leader.link != nil)
        #expect(leader.replica.lastZxid == zxid(1))
    }
}

extension ReplyHeader {
    fileprivate init(frame: [UInt8]) throws {
        var reader = JuteReader(frame.rawSpan)
        try self.init(from: &reader)
    }
}
