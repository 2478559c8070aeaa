import Jute
import Records
import Simulation
import Testing

@testable import ServerCore

/// Containers and znodes with a time to live: how they come, and when the server takes them away.
struct ReapingTests {
    private func server(
        _ adjust: (inout ReplicaSettings) -> Void = { _ in }
    ) throws -> (StandaloneServer, RawClient) {
        let server = try StandaloneServer(SimulatedFileSystem()) { settings in
            settings.reapingIntervalMilliseconds = 1000
            adjust(&settings)
        }
        return (server, try server.client())
    }

    @Test func `a container goes once its last child is gone, and not before its first`() throws {
        let (server, client) = try server()
        try client.create("/c", flags: 4, type: .createContainer)
        server.pass(10_000)
        #expect(try client.has("/c"))
        try client.create("/c/child")
        server.pass(2000)
        #expect(try client.has("/c"))
        _ = try client.watchable(.exists, "/c", watch: true)
        try client.delete("/c/child")
        server.pass(1000)
        #expect(try !client.has("/c"))
        #expect(try client.create("/after").error == .ok)
    }

    @Test func `its watchers hear of the deletion`() throws {
        let (server, client) = try server()
        try client.create("/c", flags: 4, type: .createContainer)
        try client.create("/c/child")
        try client.delete("/c/child")
        _ = try client.watchable(.getData, "/c", watch: true)
        _ = try client.watchable(.getChildren, "/", watch: true)
        server.pass(1000)
        let events = try client.takeEvents()
        #expect(events.map { "\($0.type) \($0.path)" } == ["2 /c", "4 /"])
    }

    @Test func `a container inside a container goes a survey after its child`() throws {
        let (server, client) = try server()
        for path in ["/c", "/c/d"] as [Path] {
            try client.create(path, flags: 4, type: .createContainer)
        }
        try client.create("/c/d/e")
        try client.delete("/c/d/e")
        server.pass(1000)
        #expect(try client.has("/c") && !client.has("/c/d"))
        server.pass(1000)
        #expect(try !client.has("/c"))
    }

    @Test func `a container that was never used goes after the time set for it`() throws {
        let (server, client) = try server { $0.containerNeverUsedMilliseconds = 5000 }
        try client.create("/c", flags: 4, type: .createContainer)
        server.pass(5000)
        #expect(try client.has("/c"))
        server.pass(2000)
        #expect(try !client.has("/c"))
    }

    @Test func `a time to live starts again with each write, and waits for children`() throws {
        let (server, client) = try server()
        #expect(try client.createTTL("/t", milliseconds: 3000).error == .ok)
        server.pass(2500)
        try client.setData("/t", [1])
        server.pass(2500)
        #expect(try client.has("/t"))
        try client.create("/t/child")
        server.pass(5000)
        #expect(try client.has("/t"))
        try client.delete("/t/child")
        server.pass(1000)
        #expect(try !client.has("/t"))
    }

    @Test func `no more go in a minute than may`() throws {
        let (server, client) = try server { $0.reapedPerMinuteMax = 60 }
        for number in 0..<20 {
            #expect(try client.createTTL(Path("/t\(number)"), milliseconds: 1).error == .ok)
        }
        func left() throws -> Int {
            try (0..<20).count { try client.has(Path("/t\($0)")) }
        }
        server.pass(1000)
        #expect(try left() == 19)
        server.pass(10_000)
        #expect(try left() == 9)
        server.pass(10_000)
        #expect(try left() == 0)
    }

    @Test func `sequential ones too, and both survive a restart`() throws {
        let disk = SimulatedFileSystem()
        let first = try StandaloneServer(disk)
        let client = try first.client()
        #expect(try client.createTTL("/t-", milliseconds: 2000, flags: 6).error == .ok)
        try client.create("/c", flags: 4, type: .createContainer)
        try client.create("/c/child")
        let second = try StandaloneServer(disk) { $0.reapingIntervalMilliseconds = 1000 }
        let other = try second.client()
        #expect(try other.has("/t-0000000000") && other.has("/c"))
        try other.delete("/c/child")
        second.pass(4000)
        #expect(try !other.has("/t-0000000000") && !other.has("/c"))
        #expect(second.fatal == nil)
    }

    // MARK: What is refused

    @Test(arguments: [0, -1, 0x100_0000_0000, .max, .min] as [Int64])
    func `a time to live out of range is refused, alone and in a multi`(_ time: Int64) throws {
        let disk = SimulatedFileSystem()
        let server = try StandaloneServer(disk)
        let client = try server.client()
        #expect(try client.createTTL("/t", milliseconds: time).error == .badArguments)
        let answer = try client.several(
            .multi,
            [
                (
                    .createTTL,
                    { writer in
                        CreateTTLRequest(
                            path: "/t", data: [], acl: ACL.open, flags: 5, timeToLive: time
                        ).write(to: &writer)
                    }
                )
            ])
        #expect(answer.error == .ok)
        #expect(
            answer.body.prefix(13) == [
                255, 255, 255, 255, 0, 255, 255, 255, 248, 255, 255, 255, 248,
            ])
        try expectRestart(disk, without: ["/t"])
    }

    @Test(arguments: [0, 1, 2, 3, 4, 7] as [Int32])
    func `a negative time to live with a mode that has none is refused`(_ flags: Int32) throws {
        let disk = SimulatedFileSystem()
        let server = try StandaloneServer(disk)
        let client = try server.client()
        let answer = try client.createTTL("/t", milliseconds: -1, flags: flags)
        #expect(answer.error == .badArguments)
        try expectRestart(disk, without: ["/t", "/t0000000000"])
    }

    @Test func `without extended types there is no time to live, but there are containers`() throws
    {
        let server = try StandaloneServer { $0.extendedTypesEnabled = false }
        let client = try server.client()
        #expect(try client.createTTL("/t", milliseconds: 5).error == .unimplemented)
        #expect(!client.isClosed)
        #expect(try client.create("/c", flags: 4, type: .createContainer).error == .ok)
    }

    @Test func `a container is not deleted while a child of it is on its way`() throws {
        var preparation = Preparation(
            access: AccessControl(AccessSettings()), extendedTypesEnabled: true,
            reconfigEnabled: false)
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/c", flags: 4, type: .createContainer)
        let tree = server.replica.tree
        preparation.pending.willPrepare(over: tree)
        func context(_ zxid: Int64) -> Preparation.Context {
            Preparation.Context(
                tree: tree, zxid: Zxid(zxid), time: 1, session: .none, credentials: [],
                membership: nil)
        }
        let child = CreateOperation(
            type: .create, path: "/c/d", data: [], acl: ACL.open, flags: 0, timeToLive: -1)
        _ = try preparation.prepare(.create(child), context(10))
        #expect(throws: ErrorCode.notEmpty) {
            try preparation.prepare(.deleteContainer("/c"), context(11))
        }
        #expect(throws: ErrorCode.badArguments) {
            try preparation.prepare(.deleteContainer("/zookeeper/quota"), context(12))
        }
    }

    private func expectRestart(_ disk: SimulatedFileSystem, without paths: [Path]) throws {
        let server = try StandaloneServer(disk)
        #expect(server.fatal == nil)
        let client = try server.client()
        for path in paths { #expect(try !client.has(path)) }
        #expect(try client.create("/after").error == .ok)
    }
}
