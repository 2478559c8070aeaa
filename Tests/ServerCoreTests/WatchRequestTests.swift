import Jute
import Records
import Testing

/// Requests about watches: lasting ones, those set again after a reconnect, asking and ending.
struct WatchRequestTests {
    private func add(
        _ client: RawClient, _ path: Path, _ mode: AddWatchRequest.Mode
    ) throws {
        let answer = try client.ask(.addWatch) {
            AddWatchRequest(path: path, mode: mode).write(to: &$0)
        }
        #expect(answer.error == .ok && answer.body == [0, 0, 0, 0])
    }

    private func select(
        _ client: RawClient, _ type: OpCode, _ path: Path,
        _ selection: WatchSelectionRequest.Selection
    ) throws -> ErrorCode {
        let answer = try client.ask(type) {
            WatchSelectionRequest(path: path, selection: selection).write(to: &$0)
        }
        #expect(answer.body.isEmpty && answer.events.isEmpty)
        return answer.error
    }

    private func told(_ answer: RawClient.Answer) -> [String] {
        answer.events.map { "\($0.type) \($0.path)" }
    }

    @Test func `a persistent watch tells of its znode and its children, again and again`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try add(client, "/a", .persistent)
        for _ in 0..<2 {
            #expect(told(try client.create("/a")) == ["1 /a"])
            #expect(told(try client.setData("/a", [1])) == ["3 /a"])
            #expect(told(try client.create("/a/b")) == ["4 /a"])
            #expect(told(try client.setData("/a/b", [1])) == [])
            #expect(told(try client.delete("/a/b")) == ["4 /a"])
            #expect(told(try client.delete("/a")) == ["2 /a"])
        }
    }

    @Test func `a recursive watch tells of all below, but not of changes of children`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try add(client, "/a", .recursive)
        #expect(told(try client.create("/a")) == ["1 /a"])
        #expect(told(try client.create("/a/b")) == ["1 /a/b"])
        #expect(told(try client.create("/a/b/c")) == ["1 /a/b/c"])
        #expect(told(try client.setData("/a/b/c", [])) == ["3 /a/b/c"])
        #expect(told(try client.create("/ab")) == [])
        #expect(told(try client.delete("/a/b/c")) == ["2 /a/b/c"])
    }

    @Test func `a read's watch beside a lasting one is one notification, and only it ends`() throws
    {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a")
        try add(client, "/a", .persistent)
        try add(client, "/", .recursive)
        _ = try client.watchable(.getData, "/a", watch: true)
        #expect(told(try client.setData("/a", [1])) == ["3 /a"])
        #expect(try select(client, .checkWatches, "/a", .data) == .noWatcher)
        #expect(told(try client.setData("/a", [2])) == ["3 /a"])
    }

    @Test func `each kind of watch is found and ended by its type alone`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a")
        let selections: [WatchSelectionRequest.Selection] = [
            .children, .data, .persistent, .recursive,
        ]
        for wanted in selections {
            switch wanted {
            case .children: _ = try client.watchable(.getChildren2, "/a", watch: true)
            case .data: _ = try client.watchable(.exists, "/a", watch: true)
            case .persistent: try add(client, "/a", .persistent)
            default: try add(client, "/a", .recursive)
            }
            for asked in selections {
                #expect(
                    try select(client, .checkWatches, "/a", asked)
                        == (asked == wanted ? .ok : .noWatcher), "\(asked) of \(wanted)")
            }
            #expect(try select(client, .checkWatches, "/a", .any) == .ok)
            #expect(try select(client, .checkWatches, "/", .any) == .noWatcher)
            for other in selections where other != wanted {
                #expect(try select(client, .removeWatches, "/a", other) == .noWatcher)
            }
            #expect(try select(client, .removeWatches, "/a", wanted) == .ok)
            #expect(try select(client, .removeWatches, "/a", .any) == .noWatcher)
        }
        #expect(told(try client.setData("/a", [])) == [])
    }

    @Test func `removing any ends all of one client and none of another's`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let other = try server.client()
        for each in [client, other] {
            try add(each, "/a", .persistent)
            try add(each, "/a", .recursive)
            _ = try each.watchable(.exists, "/a", watch: true)
        }
        #expect(try select(client, .removeWatches, "/a", .any) == .ok)
        #expect(told(try client.create("/a")) == [])
        #expect(try other.takeEvents().map(\.type) == [1])
    }

    @Test(arguments: [.addWatch, .checkWatches, .removeWatches] as [OpCode])
    func `modes and types that do not exist are refused`(_ type: OpCode) throws {
        let server = try StandaloneServer()
        let client = try server.client()
        for number in [-1, 6, 9] as [Int32] {
            let answer = try client.ask(type) {
                $0.writeBuffer(Array("/".utf8))
                $0.writeInt32(number)
            }
            #expect(answer.error == .marshallingError)
        }
        #expect(try client.ask(type).error == .marshallingError)
    }

    @Test func `setWatches2 tells what was missed and sets the lasting watches again`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a")
        let seen = try client.create("/b").zxid
        try client.setData("/a", [1])
        let request = SetWatchesRequest(
            relativeZxid: Zxid(seen), dataWatches: ["/a", "/b", "/gone"],
            existWatches: ["/b", "/not"], childWatches: ["/", "/gone"],
            persistentWatches: ["/a"], recursiveWatches: ["/b"])
        let answer = try client.ask(.setWatches2, xid: -8) {
            request.write(to: &$0, hasPersistent: true)
        }
        #expect(answer.xid == -8 && answer.error == .ok && answer.body.isEmpty)
        #expect(told(answer) == ["3 /a", "2 /gone", "1 /b", "2 /gone"])
        #expect(told(try client.setData("/a", [2])) == ["3 /a"])
        #expect(told(try client.setData("/a", [3])) == ["3 /a"])
        #expect(told(try client.create("/b/c")) == ["1 /b/c"])
        #expect(told(try client.create("/not")) == ["1 /not", "4 /"])
    }

    @Test func `a list that is null is refused`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        var request = SetWatchesRequest(
            relativeZxid: .zero, dataWatches: [], existWatches: [], childWatches: [],
            recursiveWatches: nil)
        let answer = try client.ask(.setWatches2) { request.write(to: &$0, hasPersistent: true) }
        #expect(answer.error == .marshallingError)
        request.childWatches = nil
        #expect(try client.ask(.setWatches) { request.write(to: &$0) }.error == .marshallingError)
    }

    @Test func `a path that is no text comes back as Java would tell it`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let broken = Path(Array("/".utf8) + [0xed, 0xa0, 0x80])
        let request = SetWatchesRequest(
            relativeZxid: .zero, dataWatches: [broken], existWatches: [], childWatches: [])
        let answer = try client.ask(.setWatches, xid: -8) { request.write(to: &$0) }
        #expect(answer.events.map(\.path) == ["/\u{fffd}"])
    }

    @Test func `the four letter words count the watches of the data registry`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try add(client, "/p", .persistent)
        try add(client, "/r", .recursive)
        _ = try client.watchable(.exists, "/p", watch: true)
        _ = try client.watchable(.getChildren, "/", watch: true)
        #expect(
            try server.word("wchs") == "1 connections watching 2 paths\nTotal watches:2\n")
        #expect(
            try server.word("wchp") == "/p\n\t\(client.session)\n/r\n\t\(client.session)\n\n")
        #expect(try server.word("wchc") == "\(client.session)\n\t/p\n\t/r\n\n")
        // Both registries, as Apache ZooKeeper counts: /p and /r, and /p and / for children.
        #expect(try server.word("mntr").contains("zk_watch_count\t4\n"))
    }
}
