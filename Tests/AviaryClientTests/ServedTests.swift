import Jute
import Records
import Synchronization
import Testing

@testable import AviaryClient

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Where a real server is, for tests that want one: `AVIARY_TEST_SERVER=host:port`.
private let address: String? = {
    guard let value = unsafe getenv("AVIARY_TEST_SERVER") else { return nil }
    return unsafe String(cString: value)
}()

/// The public interface over sockets, against any server that is named.
@Suite(.enabled(if: address != nil), .serialized) struct ServedTests {
    /// A client below a chroot of its own, which is made anew.
    private func client() async throws -> ZooKeeperClient {
        let whole = ZooKeeperClient(try ConnectString(address ?? ""))
        try await whole.waitUntilConnected(patience: .seconds(5))
        for path: Path in ["/served/m/x", "/served/m", "/served/e", "/served/w", "/served"] {
            try? await whole.delete(path)
        }
        try await whole.create("/served", data: nil)
        await whole.close()
        let client = ZooKeeperClient(try ConnectString("\(address ?? "")/served"))
        try await client.waitUntilConnected(patience: .seconds(5))
        return client
    }

    @Test func `a multi is carried out whole, or names what failed`() async throws {
        let client = try await client()
        let results = try await client.multi([
            .create("/m", data: [1]), .create("/m/x", data: nil, mode: .ephemeral),
            .setData("/m", data: [2], version: 0), .check("/m", version: 1), .delete("/m/x"),
        ])
        #expect(results.count == 5)
        #expect(results.last == .deleted)
        guard case .created(let path, _) = results.first else {
            Issue.record("\(results)")
            return
        }
        #expect(path == "/m")
        do throws(ZooKeeperError) {
            _ = try await client.multi([.setData("/m", data: [3]), .delete("/m", version: 9)])
            Issue.record("a multi with a wrong version was carried out")
        } catch {
            #expect(error.code == .badVersion)
            #expect(error.operation == 1)
            #expect(error.path == "/m")
        }
        #expect(try await client.getData("/m").data == [2])
        #expect(try await client.multi([]).isEmpty)
        await client.close()
    }

    @Test func `paths are relative to the chroot, in replies and in events`() async throws {
        let client = try await client()
        let seen = Mutex<[WatchEvent]>([])
        #expect(
            try await client.exists(
                "/w",
                watch: .watcher { event in
                    seen.withLock { $0.append(event) }
                }) == nil)
        let created = try await client.create("/w", data: nil, mode: .persistentSequential)
        #expect(created.path == "/w0000000000")
        #expect(try await client.create("/w", data: []).path == "/w")
        // The event stands before the reply of the write that caused it.
        #expect(seen.withLock { $0.map(\.path) } == ["/w"])
        #expect(seen.withLock { $0.first?.kind } == .created)
        #expect(try await client.getData("/w").data == [])
        try await client.delete(created.path)
        #expect(try await client.getChildren("/").children == ["w"])
        await client.close()
    }

    @Test func `many requests in flight are answered each with its own`() async throws {
        let client = try await client()
        try await client.create("/m", data: nil)
        let wrong = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let path = Path("/m/\(number)")
                    guard (try? await client.create(path, data: Array("\(number)".utf8))) != nil,
                        let read = try? await client.getData(path).data,
                        (try? await client.delete(path)) != nil
                    else { return true }
                    return read != Array("\(number)".utf8)
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wrong == 0)
        #expect(try await client.getChildren("/m").children == [])
        await client.close()
    }

    @Test func `an ephemeral goes with its session, and a closed client says so`() async throws {
        let client = try await client()
        try await client.create("/e", data: nil, mode: .ephemeral)
        let states = client.events
        await client.close()
        var last: ClientEvent?
        for await event in states { last = event }
        #expect(last == .state(.closed))
        let failure = await #expect(throws: ZooKeeperError.self) { try await client.exists("/e") }
        #expect(failure?.code == .connectionLoss)
        let other = ZooKeeperClient(try ConnectString(address ?? ""))
        try await other.sync("/")
        #expect(try await other.exists("/served/e") == nil)
        await other.close()
    }
}
