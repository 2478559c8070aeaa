import Jute
import Records
import Testing

/// The reads beyond those of every day, as a client on the wire sees them.
struct RareReadTests {
    private func strings(_ body: [UInt8]) throws -> [ByteString] {
        var reader = JuteReader(body.rawSpan)
        return try reader.readStrings() ?? []
    }

    private func prefixed(_ client: RawClient, _ prefix: [UInt8]?) throws -> [ByteString] {
        let answer = try client.ask(.getEphemerals) { $0.writeBuffer(prefix) }
        #expect(answer.error == .ok)
        return try strings(answer.body)
    }

    @Test func `getEphemerals gives the session's own, by the beginning of their text`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let other = try server.client()
        for path in ["/a", "/ab", "/b"] as [Path] { try client.create(path, flags: 1) }
        try other.create("/c", flags: 1)
        #expect(try prefixed(client, nil) == ["/a", "/ab", "/b"])
        #expect(try prefixed(client, Array("/".utf8)) == ["/a", "/ab", "/b"])
        #expect(try prefixed(client, Array(" ".utf8)) == ["/a", "/ab", "/b"])
        #expect(try prefixed(client, Array("/a".utf8)) == ["/a", "/ab"])
        #expect(try prefixed(client, Array("/none".utf8)) == [])
    }

    @Test func `getAllChildrenNumber counts the znodes at any depth below`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        for path in ["/a", "/a/b", "/a/b/c", "/ab"] as [Path] { try client.create(path) }
        func count(_ path: Path) throws -> Int32 {
            let answer = try client.ask(.getAllChildrenNumber) { $0.writeBuffer(path.bytes) }
            try #require(answer.error == .ok)
            var reader = JuteReader(answer.body.rawSpan)
            return try reader.readInt32()
        }
        #expect(try count("/a") == 2)
        #expect(try count("/a/b/c") == 0)
        #expect(try count("/") == 7)
        #expect(try count("") == 8)
        let missing = try client.ask(.getAllChildrenNumber) { $0.writeBuffer(Array("/n".utf8)) }
        #expect(missing.error == .noNode)
        let null = try client.ask(.getAllChildrenNumber) { $0.writeInt32(-1) }
        #expect(null.error == .marshallingError)
    }

    @Test func `whoAmI names users and keeps their hashes`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.authenticate("digest", "bob:secret")
        let answer = try client.ask(.whoAmI)
        var reader = JuteReader(answer.body.rawSpan)
        #expect(
            try WhoAmIResponse(from: &reader).credentials == [
                Identity(scheme: "ip", id: "127.0.0.1"), Identity(scheme: "digest", id: "bob"),
            ])
    }

    @Test func `a client that tries SASL is told that there is none`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let answer = try client.ask(.sasl) { $0.writeBuffer([]) }
        #expect(answer.error == .ok)
        #expect(answer.body == [0xff, 0xff, 0xff, 0xff])
        #expect(try client.has("/"))
    }

    @Test(arguments: ["/", " /", "/\t ", " ", ""])
    func `ephemerals under the root are all, with spaces around it too`(_ prefix: String) throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a", flags: 1)
        try client.create("/b", flags: 1)
        let answer = try client.ask(.getEphemerals) { $0.writeBuffer(Array(prefix.utf8)) }
        var reader = JuteReader(answer.body.rawSpan)
        #expect(try reader.readStrings()?.count == 2)
    }

    @Test func `spaces count where ephemerals are compared`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a", flags: 1)
        let answer = try client.ask(.getEphemerals) { $0.writeBuffer(Array(" /a".utf8)) }
        #expect(answer.body == [0, 0, 0, 0])
    }

    // MARK: multiRead

    private func read(_ path: Path?) -> (inout JuteWriter) -> Void {
        { WatchableRequest(path: path, watch: true).write(to: &$0) }
    }

    private let end: [UInt8] = [0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff]

    @Test func `a multiRead answers each read for itself and leaves no watch`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/a", [7])
        let answer = try client.several(
            .multiRead, [(.getData, read("/a")), (.getData, read("/n")), (.getChildren, read("/"))])
        #expect(answer.error == .ok)
        var reader = JuteReader(answer.body.rawSpan)
        #expect(try MultiHeader(from: &reader) == MultiHeader(type: .getData, error: .ok))
        #expect(try GetDataResponse(from: &reader).data == [7])
        #expect(try MultiHeader(from: &reader) == MultiHeader(type: .error, error: .noNode))
        #expect(try reader.readInt32() == -101)
        #expect(try MultiHeader(from: &reader) == MultiHeader(type: .getChildren, error: .ok))
        #expect(try reader.readStrings()?.count == 2)
        #expect(try MultiHeader(from: &reader).isDone)
        #expect(try client.setData("/a", [8]).events == [])
    }

    @Test func `what does not belong into a multiRead fails it whole`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let write: (inout JuteWriter) -> Void = {
            DeleteRequest(path: "/n", version: -1).write(to: &$0)
        }
        let writes = try client.several(.multiRead, [(.delete, write)])
        #expect(writes.error == .marshallingError && writes.body == end)
        let mixed = try client.several(.multiRead, [(.getData, read("/")), (.delete, write)])
        #expect(mixed.error == .marshallingError && mixed.body == [])
        let unknown = try client.several(.multiRead, [(OpCode(rawValue: 99), { _ in })])
        #expect(unknown.error == .marshallingError && unknown.body == [])
        let null = try client.several(
            .multiRead, [(.getChildren, read("/")), (.getData, read(nil))])
        #expect(null.error == .marshallingError && null.body.count > end.count)
        #expect(Array(null.body.suffix(9)) == end)
        #expect(try client.several(.multiRead, []).body == end)
        #expect(!client.isClosed)
    }

    // MARK: Unknown

    @Test(arguments: [0, 10, 13, 20, 23, 108, -1, -10] as [Int32])
    func `an opcode that is not for clients closes the connection`(_ code: Int32) throws {
        let server = try StandaloneServer()
        let client = try server.client()
        let answer = try client.ask(OpCode(rawValue: code)) { $0.writeBuffer(Array("/a".utf8)) }
        #expect(answer.error == .unimplemented && answer.zxid == -1)
        #expect(client.isClosed)
    }
}
