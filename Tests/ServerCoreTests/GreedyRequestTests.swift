import Jute
import Records
import Simulation
import Storage
import Testing
import Tree

@testable import ServerCore

/// Small requests that ask for a lot: lists that grow on their way, transactions that no follower
/// would take, answers without end.
struct GreedyRequestTests {
    /// `count` entries for whoever asks, each with other permissions.
    private func own(_ count: Int32) -> [ACL] {
        (1...count).map {
            ACL(
                permissions: Permissions(rawValue: $0),
                identity: Identity(scheme: "auth", id: ""))
        }
    }

    private func prove(_ count: Int, _ client: RawClient) throws {
        for number in 0..<count {
            #expect(try client.authenticate("digest", "user\(number):p").error == .ok)
        }
    }

    private func recovered(
        _ server: StandaloneServer
    ) throws -> (tree: DataTree, transactions: [Transaction]) {
        var loader = DatabaseLoader(DataTree(seed: 7))
        loader.reset()
        let report = try Recovery.run(
            ScriptedLeader.directories, in: server.fileSystem, into: &loader)
        let transactions = try report.recent.map { try Transaction(decoding: $0.bytes) }
        return (loader.tree, transactions)
    }

    // MARK: ACLs

    @Test func `an ACL is counted once auth has been replaced`() throws {
        let client = try StandaloneServer().client()
        try prove(10, client)
        #expect(try client.create("/a", acl: own(7000)).error == .invalidACL)
        #expect(try client.create("/a", acl: own(101)).error == .invalidACL)
        #expect(try client.create("/a", acl: own(100)).error == .ok)
        let change = try client.ask(.setACL) {
            SetACLRequest(path: "/a", acl: own(101), version: -1).write(to: &$0)
        }
        #expect(change.error == .invalidACL)
    }

    @Test func `an ACL is counted without what it says twice`() throws {
        let client = try StandaloneServer().client()
        let twice = (0..<3000).map {
            ACL(
                permissions: Permissions(rawValue: $0 % 1000),
                identity: Identity(scheme: "ip", id: "10.0.0.1"))
        }
        #expect(try client.create("/a", acl: twice).error == .ok)
        let one = ACL(permissions: .all, identity: Identity(scheme: "ip", id: "10.0.0.2"))
        #expect(try client.create("/b", acl: twice + [one]).error == .invalidACL)
    }

    // MARK: Credentials

    @Test func `a client proves so much and no more`() throws {
        let server = try StandaloneServer()
        let many = try server.client()
        try prove(99, many)
        // What it has proved already costs nothing.
        #expect(try many.authenticate("digest", "user0:p").error == .ok)
        #expect(try many.authenticate("digest", "one:more").error == .authFailed)
        #expect(many.isClosed)
        let long = try server.client()
        let name = String(repeating: "u", count: 33_000)
        #expect(try long.authenticate("digest", name + ":p").error == .ok)
        #expect(try long.authenticate("digest", name + "v:p").error == .authFailed)
        #expect(long.isClosed)
    }

    // MARK: Transactions

    @Test func `the close of a session that owns very much lists nothing`() throws {
        let server = try StandaloneServer { $0.requestSizeMax = 4096 }
        let owner = try server.client()
        for number in 0..<200 {
            let path = Path("/\(String(repeating: "e", count: 66))\(100 + number)")
            #expect(try owner.create(path, flags: 1).error == .ok)
        }
        #expect(try owner.ask(.closeSession).error == .ok)
        let other = try server.client()
        #expect(try other.create("/after").error == .ok)
        let answer = try other.ask(.getAllChildrenNumber) { $0.writeBuffer(Array("/".utf8)) }
        #expect(answer.body == [0, 0, 0, 4])
        #expect(server.replica.metrics[.digestMismatchesCount] == 0)

        let (tree, transactions) = try recovered(server)
        #expect(transactions.allSatisfy { $0.encoded.count <= 8192 })
        let close = try #require(transactions.first { $0.header.type == .closeSession })
        #expect(close.body == .closeSession(ephemerals: nil))
        #expect(close.digest == nil)
        #expect(transactions.last?.digest?.treeDigest == tree.digest)
        #expect(tree.find(Path("/after")) != nil && tree.nodeCount == server.replica.tree.nodeCount)
    }

    @Test func `the close of any other session lists its ephemerals`() throws {
        let server = try StandaloneServer()
        let owner = try server.client()
        try owner.create("/e", flags: 1)
        #expect(try owner.ask(.closeSession).error == .ok)
        let close = try #require(try recovered(server).transactions.last)
        #expect(close.body == .closeSession(ephemerals: ["/e"]))
        #expect(close.digest != nil)
    }

    @Test func `what a transaction may have more than a request can be set`() throws {
        let server = try StandaloneServer {
            $0.requestSizeMax = 4096
            $0.packetSizeMax = 5120
        }
        let client = try server.client()
        try prove(35, client)
        try client.create("/a")
        // 105 entries of more than 50 bytes: twice a request would let them pass.
        #expect(try client.create("/b", acl: own(3)).error == .badArguments)
        #expect(try client.create("/c", acl: own(2)).error == .ok)
    }

    @Test func `what would be too large for followers is refused before it is proposed`() throws {
        let server = try StandaloneServer { $0.requestSizeMax = 4096 }
        let client = try server.client()
        try prove(90, client)
        try client.create("/a")
        #expect(try client.create("/b", acl: own(11)).error == .badArguments)
        let change = try client.ask(.setACL) {
            SetACLRequest(path: "/a", acl: own(11), version: -1).write(to: &$0)
        }
        #expect(change.error == .badArguments)
        // Each of them would fit, and all together do not.
        let several = try client.several(
            .multi,
            (0..<4).map { number in
                (
                    .create,
                    {
                        CreateRequest(
                            path: Path("/m\(number)"), data: [], acl: own(1), flags: 0
                        ).write(to: &$0)
                    }
                )
            })
        var reader = JuteReader(several.body.rawSpan)
        #expect(try MultiHeader(from: &reader).type == .error)
        #expect(try client.has("/m0") == false)
        // Nothing counts on what was refused.
        #expect(try client.create("/b").error == .ok)
        let (tree, transactions) = try recovered(server)
        #expect(transactions.allSatisfy { $0.encoded.count <= 8192 })
        #expect(tree.digest == server.replica.tree.digest)
        #expect(server.replica.metrics[.digestMismatchesCount] == 0)
    }

    @Test func `the size of a body is what it takes`() {
        let identity = Identity(scheme: "digest", id: "u:p")
        let acl = [ACL(permissions: .all, identity: identity), ACL.open[0]]
        let creates = [OpCode.create, .createContainer, .createTTL].map {
            TransactionBody.create(
                CreateTransaction(
                    path: "/a", data: [1, 2], acl: acl, type: $0, isEphemeral: false,
                    parentCVersion: 1))
        }
        let all: [TransactionBody] =
            creates + [
                .delete("/a", isContainer: false), .setData("/a", data: nil, version: 1),
                .setACL("/a", acl: acl, version: 1), .check("/a", version: 1),
                .reconfig("/a", data: [1], version: 1), .createSession(timeout: 1), .error(.noNode),
                .closeSession(ephemerals: nil), .closeSession(ephemerals: ["/a", "/bc"]),
                .multi(creates + [.error(.ok)]),
            ]
        for body in all {
            var writer = JuteWriter()
            body.write(to: &writer)
            #expect(body.size == writer.count, "\(body)")
        }
    }

    // MARK: Answers

    private func reads(_ count: Int, of path: Path, from xid: Int32 = 1) -> [UInt8] {
        var writer = JuteWriter()
        for number in 0..<Int32(count) {
            let frame = writer.beginFrame()
            RequestHeader(xid: Xid(xid + number), type: .getData).write(to: &writer)
            WatchableRequest(path: path, watch: false).write(to: &writer)
            writer.endFrame(frame)
        }
        return writer.copyBytes()
    }

    /// The xids of frames, one behind the other.
    private func xids(_ bytes: [UInt8]) throws -> [Int32] {
        var reader = JuteReader(bytes.rawSpan)
        var xids: [Int32] = []
        while reader.remaining > 0 {
            let length = Int(try reader.readInt32())
            var frame = JuteReader(try reader.readSpan(count: length))
            xids.append(try ReplyHeader(from: &frame).xid.rawValue)
        }
        return xids
    }

    @Test func `answers leave before there are too many of them`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/big", Array(repeating: 7, count: 100_000))
        client.sendBytes(reads(100, of: "/big"))
        #expect(try xids(client.takeBytes()) == Array(1...100))
        #expect(server.largestWrite < 1_200_000)
    }

    @Test func `an answer to a multiRead that would be too large is an error`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/big", Array(repeating: 7, count: 1_000_000))
        let read: (inout JuteWriter) -> Void = {
            WatchableRequest(path: "/big", watch: false).write(to: &$0)
        }
        let many = try client.several(
            .multiRead, Array(repeating: (.getData, read), count: 2100))
        #expect(many.error == .badArguments)
        #expect(many.body == [0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff])
        let few = try client.several(.multiRead, Array(repeating: (.getData, read), count: 8))
        #expect(few.error == .ok && few.body.count > 8_000_000)
        #expect(!client.isClosed)
    }
}
