import Jute
import Records
import Testing

@testable import Quorum

/// Followers with so many clients that a list of them is larger than any transaction.
struct ManyClientsTests {
    private static let count = 500_000

    private func ensemble() throws -> (Ensemble, leader: Lone, follower: Lone) {
        let ensemble = Ensemble()
        let members = config(zxid(1, 1), [1, 2, 3])
        for id in [1, 2] as [Int64] {
            ensemble.add(Lone(id, members, log: [write(zxid(1, 9))], epoch: 1))
        }
        ensemble.run(3000)
        let first = try #require(ensemble.leaders.first)
        let leader = try #require(ensemble.peers[first])
        let follower = try #require(ensemble.peers[3 - first])
        #expect(follower.peer.status.role == .following(ServerID(first)))
        return (ensemble, leader, follower)
    }

    @Test func `a follower tells of all its clients in packets that any leader takes`() throws {
        let (ensemble, _, follower) = try ensemble()
        for id in 1...Self.count { follower.peer.touch(SessionID(Int64(id)), timeout: 4000) }
        ensemble.run(200)
        #expect(ensemble.touched.count == Self.count)
        #expect(Set(ensemble.touched.map(\.session)).count == Self.count)
        #expect((1...1 << 20).contains(ensemble.largestPacket))
        #expect(follower.peer.status.role != .looking)
    }

    @Test func `a leader takes them in one packet, as Apache ZooKeeper sends it`() throws {
        let (ensemble, leader, follower) = try ensemble()
        let link = try #require(follower.link)
        let end = try #require(ensemble.others[ensemble.key(follower.id, link)])
        let data = [UInt8](repeating: 0, count: Self.count * SessionTouch.size)
        let packet = QuorumPacket(.ping, zxid: .zero, data: data)
        leader.peer.quorumReceived(end.link, packet.encoded.rawSpan, now: ensemble.now)
        ensemble.run(3000)
        #expect(ensemble.touched.count == Self.count)
        #expect(leader.peer.status.role != .looking && follower.peer.status.role != .looking)
        // There is an end to it.
        let endless = QuorumPacket(
            .ping, zxid: .zero, data: [UInt8](repeating: 0, count: 3 * 12 * Self.count))
        leader.peer.quorumReceived(end.link, endless.encoded.rawSpan, now: ensemble.now)
        ensemble.run(10)
        #expect(ensemble.others[ensemble.key(leader.id, end.link)] == nil)
    }
}
