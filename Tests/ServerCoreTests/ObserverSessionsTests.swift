import Jute
import Quorum
import Records
import Testing

@testable import ServerCore

/// Sessions that come and go between a follower and the observers that it stands in for the leader
/// with: nothing that was asked at a place goes to the leader after the session has left that place.
struct ObserverSessionsTests {
    private static let epoch = Epoch(2)
    private static let last = Zxid(0x1_0000_0001)
    private let session = SessionID(0x200_0000_0000_0001)
    private let leader: ScriptedLeader
    private let client = ConnectionID(1)
    private let near: LinkID
    private let far: LinkID

    init() throws {
        let disk = try PreparedDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog([Self.last])
        leader = try ScriptedLeader(disk.fileSystem, observersPort: 2191)
        try leader.elect()
        leader.establish(Self.epoch, last: Self.last)
        near = leader.observer(ServerID(8), Self.epoch, last: Self.last)
        far = leader.observer(ServerID(9), Self.epoch, last: Self.last)
        _ = try leader.takePackets()
    }

    /// A client of an observer wants to bring its session along.
    private func move(to observer: LinkID) {
        var writer = JuteWriter()
        writer.writeInt64(session.rawValue)
        writer.writeInt32(10_000)
        leader.send(
            QuorumPacket(.revalidate, zxid: .none, data: writer.copyBytes()), on: observer)
        answer(true)
    }

    private func answer(_ isValid: Bool) {
        var writer = JuteWriter()
        writer.writeInt64(session.rawValue)
        writer.writeBool(isValid)
        leader.say(.revalidate, .none, writer.copyBytes())
    }

    /// A client of the follower's own wants to bring the session along.
    private func connect() {
        leader.connect(client)
        leader.client(client) {
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 10_000, session: session,
                password: SessionPassword.make(for: session), readOnly: false
            ).write(to: &$0)
        }
    }

    private func moveHere() {
        connect()
        answer(true)
    }

    private func ask(_ type: OpCode, over observer: LinkID) {
        let request = ForwardedRequest(
            session: session, cxid: Xid(1), type: type, body: [], identities: [])
        leader.send(request.packet, on: observer)
    }

    /// What the leader is asked for.
    private func takeRequests() throws -> [OpCode] {
        try leader.takePackets().filter { $0.kind == .request }.map {
            try ForwardedRequest(packet: $0).type
        }
    }

    @Test func `what an observer asks goes to the leader while it has the session`() throws {
        move(to: near)
        ask(.create, over: near)
        #expect(try takeRequests() == [.create])
    }

    @Test func `what an observer asks late is dropped once the session is here`() throws {
        move(to: near)
        moveHere()
        #expect(leader.takeFrames(client).count == 1)
        ask(.create, over: near)
        ask(.sync, over: near)
        #expect(try takeRequests() == [.sync])
    }

    @Test func `what an observer asks late is dropped once another one has the session`() throws {
        move(to: near)
        move(to: far)
        ask(.create, over: near)
        #expect(try takeRequests() == [])
        ask(.delete, over: far)
        #expect(try takeRequests() == [.delete])
        move(to: near)
        ask(.create, over: near)
        #expect(try takeRequests() == [.create])
    }

    @Test func `a client here whose session goes to an observer is disconnected`() throws {
        moveHere()
        #expect(!leader.closed.contains(client))
        move(to: near)
        #expect(leader.closed.contains(client))
    }

    @Test func `a client that waits to hear of its session is disconnected as well`() throws {
        connect()
        move(to: near)
        #expect(leader.closed.contains(client))
        answer(true)
        ask(.create, over: near)
        #expect(try takeRequests() == [.create])
    }

    @Test func `a session that was created over an observer is there`() throws {
        ask(.createSession, over: near)
        ask(.create, over: far)
        #expect(try takeRequests() == [.createSession])
    }

    @Test(arguments: [true, false])
    func `of a session that is gone nothing is remembered`(isRefused: Bool) throws {
        move(to: near)
        if isRefused {
            connect()
            answer(false)
        } else {
            let zxid = Zxid(epoch: Self.epoch, counter: 1)
            let header = TransactionHeader(
                session: session, cxid: Xid(0), zxid: zxid, time: 1, type: .closeSession)
            let end = Transaction(header: header, body: .closeSession(ephemerals: []))
            leader.say(.proposal, zxid, end.encoded)
            leader.say(.commit, zxid)
        }
        // What is asked for it is for the leader to refuse.
        ask(.create, over: far)
        #expect(try takeRequests() == [.create])
    }
}
