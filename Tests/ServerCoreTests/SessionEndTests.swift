import Jute
import Quorum
import Records
import Testing

@testable import ServerCore

/// A session whose end is proposed has not ended: nobody is told so before that is committed.
struct SessionEndTests {
    private func take(_ session: SessionID, _ client: RawClient) {
        client.send { writer in
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 10_000, session: session,
                password: SessionPassword.make(for: session), readOnly: false
            ).write(to: &writer)
        }
    }

    private func timeout(_ frame: [UInt8]) throws -> Int32 {
        var reader = JuteReader(frame.rawSpan)
        return try ConnectResponse(from: &reader).timeout
    }

    /// A leader that is a quorum by itself.
    private func leader() throws -> StandaloneServer {
        let server = try StandaloneServer { settings in
            settings.server = ServerID(1)
            settings.standaloneEnabled = false
            settings.quorum = QuorumSettings(myID: ServerID(1))
            let members = [(1, MemberRole.participant), (2, .observer)].map { number, role in
                let place = Endpoint(host: "here", port: UInt16(number))
                return Member(
                    id: ServerID(Int64(number)), quorum: place, election: place, client: nil,
                    role: role)
            }
            settings.membership = Membership(version: 0, members: members)
        }
        server.pass(5000)
        #expect(server.replica.isPrimary)
        return server
    }

    @Test(arguments: [true, false])
    func `who comes with it waits until the end is committed`(isAlone: Bool) throws {
        let server = try isAlone ? StandaloneServer() : leader()
        let first = try server.client()
        server.isDiskHeld = true
        first.send { RequestHeader(xid: Xid(1), type: .closeSession).write(to: &$0) }
        let second = try server.connection()
        let third = try server.connection()
        take(first.session, second)
        take(first.session, third)
        #expect(second.takeFrame() == nil && !second.isClosed)
        server.replica.clientClosed(third.id, server.now)
        server.isDiskHeld = false
        server.perform()
        #expect(try timeout(try #require(second.takeFrame())) == 0)
        #expect(second.isClosed && first.isClosed)
        #expect(third.takeFrame() == nil)
        #expect(server.replica.endWaiters.isEmpty)
        // And now everybody knows.
        let fourth = try server.connection()
        take(first.session, fourth)
        #expect(try timeout(try #require(fourth.takeFrame())) == 0)
    }

    @Test func `who waits is let go with everybody else when the reign ends`() throws {
        let server = try leader()
        let first = try server.client()
        server.isDiskHeld = true
        first.send { RequestHeader(xid: Xid(1), type: .closeSession).write(to: &$0) }
        let second = try server.connection()
        take(first.session, second)
        server.replica.peer?.endReign("the test wants it", now: server.now.monotonicMilliseconds)
        server.replica.settle()
        server.perform()
        #expect(second.isClosed)
        #expect(second.takeFrame() == nil, "it asks another server")
        #expect(server.replica.endWaiters.isEmpty)
    }

    @Test func `a learner that asks waits, and has an answer to each question`() throws {
        let server = try leader()
        let first = try server.client()
        let link = try learner(of: server)
        func ask() {
            var writer = JuteWriter()
            writer.writeInt64(first.session.rawValue)
            writer.writeInt32(10_000)
            say(QuorumPacket(.revalidate, zxid: .none, data: writer.copyBytes()), link, server)
        }
        ask()
        #expect(try answers(of: server, link) == [true])
        server.isDiskHeld = true
        // It is the observer's session now, which closes it.
        let end = ForwardedRequest(
            session: first.session, cxid: Xid(9), type: .closeSession, body: [], identities: [])
        say(end.packet, link, server)
        ask()
        ask()
        #expect(try answers(of: server, link) == [])
        server.isDiskHeld = false
        server.perform()
        #expect(try answers(of: server, link) == [false, false])
        #expect(server.replica.endWaiters.isEmpty)
    }

    // MARK: An observer

    private func say(_ packet: QuorumPacket, _ link: LinkID, _ server: StandaloneServer) {
        var writer = JuteWriter()
        packet.write(to: &writer)
        server.replica.quorumReceived(link, writer.copyBytes().rawSpan, server.now)
        server.perform()
    }

    /// Server 2, which is served.
    private func learner(of server: StandaloneServer) throws -> LinkID {
        let link = server.replica.newLink()
        server.replica.quorumAccepted(link, server.now)
        var info = JuteWriter()
        LearnerInfo(server: ServerID(2), configVersion: 0).write(to: &info)
        say(QuorumPacket(.observerInfo, zxid: .zero, data: info.copyBytes()), link, server)
        let epoch = try #require(server.replica.peer?.status.currentEpoch)
        let last = try #require(server.replica.peer?.lastLogged)
        var promise = JuteWriter()
        promise.writeInt32(epoch.rawValue)
        say(QuorumPacket(.ackEpoch, zxid: last, data: promise.copyBytes()), link, server)
        say(QuorumPacket(.ack, zxid: epoch.start), link, server)
        let kinds = try server.takePackets(link).map(\.kind)
        #expect(kinds.contains(.upToDate))
        return link
    }

    /// What the observer was told of sessions since it was asked last.
    private func answers(of server: StandaloneServer, _ link: LinkID) throws -> [Bool] {
        try server.takePackets(link).filter { $0.kind == .revalidate }.map { packet in
            let data = try #require(packet.data)
            var reader = JuteReader(data.rawSpan)
            _ = try reader.readInt64()
            return try reader.readBool()
        }
    }
}
