import Jute
import Quorum
import Records
import Testing

@testable import Quorum
@testable import ServerCore

// The last zxid of an epoch: no write is swallowed, and no counter runs over into the epoch.

@Suite struct RollOverTests {
    @Test func `alone, the next epoch simply goes on`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        server.replica.lastProposed = Zxid(zxid(7, .max - 2))
        #expect(try client.create("/last").zxid == zxid(7, .max - 1))
        #expect(try client.create("/first").zxid == zxid(8, 1))
    }

    @Test func `a leader ends its reign, and goes on in the epoch after it`() throws {
        let server = try StandaloneServer { settings in
            settings.server = ServerID(1)
            settings.standaloneEnabled = false
            settings.quorum = QuorumSettings(myID: ServerID(1))
            let place = Endpoint(host: "here", port: 1)
            settings.membership = Membership(
                version: 0,
                members: [
                    Member(
                        id: ServerID(1), quorum: place, election: place, client: nil,
                        role: .participant)
                ])
        }
        server.pass(5000)
        let epoch = try #require(server.replica.peer?.status.currentEpoch)
        let client = try server.client()
        server.replica.peer?.leader?.lastProposed = Zxid(epoch: epoch, counter: .max - 1)
        client.send { writer in
            RequestHeader(xid: Xid(1), type: .create).write(to: &writer)
            CreateRequest(path: "/lost", data: [], acl: ACL.open, flags: 0).write(to: &writer)
        }
        #expect(client.isClosed, "who cannot be answered is let go")
        server.pass(5000)
        let again = try server.client()
        #expect(try Zxid(again.create("/kept").zxid).epoch == epoch.next)
        #expect(server.fatal == nil)
    }

    private func zxid(_ epoch: Int32, _ counter: UInt32) -> Int64 {
        Zxid(epoch: Epoch(epoch), counter: counter).rawValue
    }
}
