import Jute
import Records
import Testing
import Tree

@testable import ServerCore

struct AdministrationTests {
    @Test func `JSON has the form of Apache ZooKeeper's`() {
        let value = AdminValue.object([
            .init("a", .integer(-1)), .init("b", .list([])), .init("c", .object([])),
            .init("d", .list([.object([.init("x", .bool(true))]), .null])),
            .init("e\"", .text("\u{1}\n\\é")), .init("f", .decimal("0.5")),
        ])
        #expect(
            value.json == """
                {
                  "a" : -1,
                  "b" : [ ],
                  "c" : { },
                  "d" : [ {
                    "x" : true
                  }, null ],
                  "e\\"" : "\\u0001\\n\\\\é",
                  "f" : 0.5
                }
                """)
    }

    @Test func `every name and alias finds its command`() {
        for command in AdminCommand.allCases {
            for name in [command.name] + command.aliases {
                #expect(AdminCommand(named: name) == command)
            }
        }
        #expect(AdminCommand(named: "nosuch") == nil)
    }

    @Test func `commands that need no service answer without a quorum`() throws {
        let server = try StandaloneServer()
        server.replica.role = .looking
        for command in AdminCommand.allCases {
            let answer = server.replica.administer(command, [:], server.moment)
            #expect((answer == .notServing) == command.needsService, "\(command)")
        }
        #expect(!server.replica.readiness(server.moment).isGood)
        #expect(server.replica.liveness(server.moment).isGood)
        server.replica.role = .failed
        #expect(!server.replica.liveness(server.moment).isGood)
    }

    @Test(
        arguments: [
            (nil, 401), ("", 401), ("digest", 401), ("nosuch x", 401), ("x509", 401),
            ("digest u:p", 403), ("digest super:secret", nil),
        ] as [(String?, Int?)])
    func `snapshots need all rights on the root`(_ header: String?, _ status: Int?) throws {
        let superuser = DigestCredential.identity(of: Array("super:secret".utf8)).id.description
        let server = try StandaloneServer { $0.access.superDigest = superuser }
        let client = try server.client()
        let reader = ACL(permissions: .read, identity: .anyone)
        let answer = try client.ask(.setACL) {
            SetACLRequest(path: "/", acl: [reader], version: -1).write(to: &$0)
        }
        #expect(answer.error == .ok)
        let refusal = server.replica.authorize(
            header: header, address: [127, 0, 0, 1], subject: nil)
        #expect(refusal?.status == status)
    }

    @Test func `a snapshot restores what it shows, and clients begin anew`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/kept")
        let image = try server.replica.takeSnapshot(server.moment).get()
        try client.create("/gone")
        let before = server.replica.lastZxid
        let answer = server.replica.restore(image.bytes.rawSpan, server.moment)
        server.perform()
        #expect(answer.error == nil && answer.status == 200)
        #expect(server.replica.lastZxid > before)
        #expect(client.isClosed)
        #expect(server.replica.tree.find("/kept") != nil)
        #expect(server.replica.tree.find("/gone") == nil)
        try server.client().create("/after")

        let again = try StandaloneServer(server.fileSystem)
        #expect(again.replica.tree.find("/kept") != nil)
        #expect(again.replica.tree.find("/gone") == nil)
        #expect(again.replica.tree.find("/after") != nil)
    }

    @Test func `a snapshot with any byte changed or missing is refused and costs nothing`() throws {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/kept")
        let image = try server.replica.takeSnapshot(server.moment).get().bytes
        for place in stride(from: 0, to: image.count, by: 7) {
            var changed = image
            changed[place] ^= 0x40
            let answer = server.replica.restore(changed.rawSpan, server.moment)
            #expect(answer.status == 500, "byte \(place)")
            #expect(
                server.replica.restore(Array(image[..<place]).rawSpan, server.moment).status == 500)
        }
        #expect(!client.isClosed)
        #expect(server.replica.tree.find("/kept") != nil)
    }
}
