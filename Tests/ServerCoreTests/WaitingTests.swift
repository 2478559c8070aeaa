import Jute
import Quorum
import Records
import Simulation
import Testing

@testable import ServerCore

/// Whoever comes while there is no leader waits for a moment.
struct WaitingTests {
    private let client = ConnectionID(1)
    private let last = Zxid(0x1_0000_0001)

    private func looking() throws -> ScriptedLeader {
        let disk = try PreparedDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog([last])
        return try ScriptedLeader(disk.fileSystem)
    }

    private func connect(_ leader: ScriptedLeader) {
        leader.connect(client)
        leader.client(client) {
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 10_000, session: .none, password: [], readOnly: false
            ).write(to: &$0)
        }
    }

    @Test func `who has just come is heard as soon as there is a leader`() throws {
        let leader = try looking()
        connect(leader)
        #expect(leader.unread[client]?.isEmpty == false && leader.closed.isEmpty)
        leader.vote(round: 1)
        leader.pass(300)
        leader.establish(Epoch(2), last: last)
        #expect(leader.replica.role == .following(ServerID(2)))
        #expect(leader.unread[client] == [] && leader.closed.isEmpty)
        let requests = try leader.takePackets().filter { $0.kind == .request }
        #expect(try requests.map { try ForwardedRequest(packet: $0).type } == [.createSession])
    }

    @Test func `who has waited a second is turned away, and who comes later at once`() throws {
        let leader = try looking()
        connect(leader)
        leader.pass(998)
        #expect(leader.closed.isEmpty)
        leader.pass(1)
        #expect(leader.closed == [client])
        let late = ConnectionID(2)
        leader.connect(late)
        leader.client(late) {
            ConnectRequest(
                lastZxidSeen: .zero, timeout: 10_000, session: .none, password: [], readOnly: false
            ).write(to: &$0)
        }
        #expect(leader.closed == [client, late])
    }

    @Test func `a four letter word is answered at once`() throws {
        let leader = try looking()
        leader.connect(client)
        let consumed = leader.replica.clientReceived(
            client, Array("ruok".utf8).rawSpan,
            Moment(monotonicMilliseconds: 2, wallMilliseconds: 2))
        #expect(consumed == 4)
        leader.pass(1)
        #expect(String(decoding: leader.output[client] ?? [], as: UTF8.self) == "imok")
    }

    @Test func `who has a session is disconnected when the leader is lost, who has none stays`()
        throws
    {
        let leader = try looking()
        leader.vote(round: 1)
        leader.pass(300)
        leader.establish(Epoch(2), last: last)
        connect(leader)
        let silent = ConnectionID(2)
        leader.connect(silent)
        leader.replica.quorumClosed(
            try #require(leader.link), Moment(monotonicMilliseconds: 400, wallMilliseconds: 400))
        leader.pass(1)
        #expect(leader.replica.role == .looking)
        #expect(leader.closed == [client])
    }
}
