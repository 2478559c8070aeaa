import Jute
import Records
import ServerCore
import Simulation
import Testing
import Tree

/// Limits of quotas as clients meet them; what they expect was asked of Apache ZooKeeper 3.9.5.
struct QuotaLimitTests {
    private func server(
        limits: String, isEnforced: Bool = true
    ) throws -> (StandaloneServer, RawClient) {
        let server = try StandaloneServer(SimulatedFileSystem()) {
            $0.enforcesQuotas = isEnforced
        }
        let client = try server.client()
        try client.create("/q", [1, 2, 3, 4, 5])
        try client.create("/zookeeper/quota/q")
        try client.create(QuotaPaths.limits(of: "/q"), Array(limits.utf8))
        try client.create(QuotaPaths.usage(of: "/q"))
        return (server, client)
    }

    private func usage(_ client: RawClient) throws -> String {
        String(decoding: try client.data(QuotaPaths.usage(of: "/q")) ?? [], as: UTF8.self)
    }

    private func bytes(_ count: Int) -> [UInt8] { Array(repeating: 7, count: count) }

    @Test func `soft limits refuse nothing`() throws {
        let (_, client) = try server(limits: "count=1,bytes=1")
        #expect(try client.create("/q/a", bytes(30)).error == .ok)
        #expect(try usage(client) == "count=2,bytes=35")
    }

    @Test func `a hard limit of znodes refuses creates of every kind`() throws {
        let (server, client) = try server(limits: "countHardLimit=2")
        #expect(try client.create("/q/a").error == .ok)
        #expect(try client.create("/q/b").error == .quotaExceeded)
        #expect(try client.create("/q/b", flags: 3).error == .quotaExceeded)
        #expect(try client.create("/q/b", flags: 4, type: .createContainer).error == .quotaExceeded)
        #expect(try client.createTTL("/q/b", milliseconds: 5).error == .quotaExceeded)
        #expect(try client.create("/other").error == .ok)
        #expect(try client.delete("/q/a").error == .ok)
        #expect(try client.create("/q/b").error == .ok)
        #expect(
            try server.word("mntr").contains("zk_q_quota_exceeded_error_per_namespace\t4\n"))
    }

    @Test func `a hard limit of bytes refuses data, before the version is looked at`() throws {
        let (_, client) = try server(limits: "bytes=-1=;byteHardLimit=20")
        #expect(try client.create("/q/a", bytes(16)).error == .quotaExceeded)
        #expect(try client.create("/q/a", bytes(15)).error == .ok)
        #expect(try client.setData("/q/a", bytes(16)).error == .quotaExceeded)
        #expect(try client.setData("/q/a", bytes(16), version: 99).error == .quotaExceeded)
        #expect(try client.setData("/q/a", bytes(3), version: 99).error == .badVersion)
        #expect(try client.setData("/q/a", bytes(3)).error == .ok)
        #expect(try usage(client) == "count=2,bytes=8")
    }

    @Test func `without enforcement limits are not looked at, and usage is counted`() throws {
        let (_, client) = try server(limits: "countHardLimit=1", isEnforced: false)
        try client.setData(QuotaPaths.limits(of: "/q"), Array("hello".utf8))
        #expect(try client.create("/q/a", bytes(3)).error == .ok)
        #expect(try usage(client) == "count=2,bytes=8")
    }

    @Test func `limits that cannot be read stop writes below until they can`() throws {
        let (_, client) = try server(limits: "count=hello")
        #expect(try client.create("/q/a").error == .marshallingError)
        #expect(try client.setData("/q", bytes(4)).error == .marshallingError)
        try client.setData(QuotaPaths.limits(of: "/q"), nil)
        #expect(try client.create("/q/a").error == .marshallingError)
        #expect(try client.create("/other").error == .ok)
        try client.setData(QuotaPaths.limits(of: "/q"), [])
        #expect(try client.create("/q/a").error == .ok)
    }

    @Test func `in a multi each operation is held against what is committed`() throws {
        let (_, client) = try server(limits: "countHardLimit=2")
        let answer = try client.several(
            .multi,
            ["/q/a", "/q/b"].map { path in
                (
                    .create,
                    {
                        CreateRequest(path: path, data: [], acl: ACL.open, flags: 0).write(to: &$0)
                    }
                )
            })
        #expect(answer.error == .ok && answer.body.prefix(4) == [0, 0, 0, 1])
        #expect(try usage(client) == "count=3,bytes=5")
        #expect(try client.create("/q/c").error == .quotaExceeded)
    }

    @Test func `nothing that a client writes there ends the server, or its next start`() throws {
        for isEnforced in [false, true] {
            let disk = SimulatedFileSystem()
            let first = try StandaloneServer(disk) { $0.enforcesQuotas = isEnforced }
            let client = try first.client()
            try client.create("/q")
            try client.create("/zookeeper/quota/q")
            for name in ["zookeeper_limits", "zookeeper_stats"] {
                for place in ["/zookeeper/quota/\(name)", "/zookeeper/quota/q/\(name)"] {
                    try client.create(Path(place), Array("hello".utf8))
                }
            }
            try client.setData(QuotaPaths.usage(of: "/q"), Array("count=,,=".utf8))
            try client.create("/q/a")
            try client.setData("/q", bytes(9))
            try client.delete("/q/a")
            #expect(first.fatal == nil)
            let second = try StandaloneServer(disk)
            #expect(second.fatal == nil)
            #expect(try second.client().create("/after").error == .ok)
        }
    }

    @Test func `mntr sums limits and usage by the first name`() throws {
        let (server, client) = try server(limits: "count=3,bytes=20=;byteHardLimit=50")
        try client.create("/q/in", bytes(1))
        try client.create("/zookeeper/quota/q/in")
        try client.create(QuotaPaths.limits(of: "/q/in"), Array("count=7".utf8))
        try client.create(QuotaPaths.usage(of: "/q/in"))
        let text = try server.word("mntr")
        #expect(text.contains("zk_q_quota_count_limit_per_namespace\t10\n"))
        #expect(text.contains("zk_q_quota_bytes_limit_per_namespace\t49\n"))
        #expect(text.contains("zk_q_quota_count_usage_per_namespace\t3\n"))
        #expect(text.contains("zk_q_quota_bytes_usage_per_namespace\t7\n"))
    }
}
