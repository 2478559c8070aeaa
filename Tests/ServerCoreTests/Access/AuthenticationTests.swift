import Configuration
import Jute
import Records
import ServerCore
import Testing

/// What clients prove, what they must prove, and what that gives them.
struct AuthenticationTests {
    private let sasl = OpCode.sasl

    private func token(_ answer: RawClient.Answer) throws -> [UInt8]? {
        var reader = JuteReader(answer.body.rawSpan)
        return try reader.readBuffer()
    }

    private func server(
        _ adjust: @escaping (inout AccessSettings) -> Void
    ) throws -> StandaloneServer {
        try StandaloneServer { adjust(&$0.access) }
    }

    private func acl(_ scheme: ByteString, _ id: ByteString) -> [ACL] {
        [ACL(permissions: .all, identity: Identity(scheme: scheme, id: id))]
    }

    private static let digests: [(DigestAlgorithm, ByteString)] = [
        (.sha1, "u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ="),
        (.sha256, "u:/Y8xRBngpX5duYn15uUqIRaIaCviy5TEwSk419hCwuA="),
        (.md5, "u:wj9ntl1lUHd6RGlGHs+1Hg=="),
    ]

    @Test(arguments: digests)
    func `the hash of digest identities is what the settings say`(
        _ algorithm: DigestAlgorithm, _ id: ByteString
    ) throws {
        let server = try server { $0.digestAlgorithm = algorithm }
        let client = try server.client()
        #expect(try client.authenticate("digest", "u:p").error == .ok)
        #expect(try client.create("/a", acl: acl("auth", "")).error == .ok)
        let answer = try client.ask(.getACL) { $0.writeBuffer(Array("/a".utf8)) }
        var reader = JuteReader(answer.body.rawSpan)
        #expect(try ACL.readList(from: &reader) == acl("digest", id))
    }

    @Test func `without the digest scheme it proves nothing and no ACL names it`() throws {
        let server = try server { $0.digestAlgorithm = nil }
        let client = try server.client()
        #expect(try client.create("/a", acl: acl("digest", "u:x")).error == .invalidACL)
        #expect(try client.authenticate("digest", "u:p").error == .authFailed)
        #expect(client.isClosed)
    }

    @Test func `who has not proved what is required is told so and disconnected`() throws {
        let server = try server { $0.schemesRequired = ["digest"] }
        let stranger = try server.client()
        let refused = try stranger.ask(.ping, xid: -2)
        #expect(refused.error == .sessionClosedRequireAuth && refused.zxid == 0)
        #expect(stranger.isClosed)
        let client = try server.client()
        try client.authenticate("digest", "u:p")
        #expect(try client.has("/"))
    }

    private static let networks: [(ByteString, Bool)] = [
        ("127.0.0.0/8", true), ("127.0.0.1", true), ("127.0.0.1/+032", true), ("10.0.0.0/8", false),
        ("0.0.0.0/0", true), ("::1", false),
    ]

    @Test(arguments: networks)
    func `an address is whoever connects from it`(_ id: ByteString, _ isAllowed: Bool) throws {
        let client = try server { _ in }.client()
        #expect(try client.create("/a", acl: acl("ip", id)).error == .ok)
        #expect(try client.watchable(.getData, "/a").error == (isAllowed ? .ok : .noAuth))
    }

    @Test(arguments: ["::1", "::/0", "0:0::/64", "0:0:0:0:0:0:0:1/128"] as [ByteString])
    func `so is one of IPv6`(_ id: ByteString) throws {
        let server = try server { _ in }
        let address = Array(repeating: UInt8(0), count: 15) + [1]
        let client = try server.client(address: address)
        #expect(try client.create("/a", acl: acl("ip", id)).error == .ok)
        #expect(try client.has("/a"))
        #expect(try server.client().watchable(.getData, "/a").error == .noAuth)
    }

    @Test(
        arguments: [
            "::ffff:127.0.0.1", "1::2::3", "127.0.0.1/33", "::1/129", "localhost", "12345::",
            "127.1",
            "127.0.0.1/", "", "/8", "1:2:3:4:5:6:7",
        ] as [ByteString])
    func `what is no address is no ACL`(_ id: ByteString) throws {
        let client = try server { _ in }.client()
        #expect(try client.create("/a", acl: acl("ip", id)).error == .invalidACL)
    }

    @Test func `skipACL lets everybody do everything`() throws {
        let server = try server { $0.skipsACLs = true }
        let client = try server.client()
        try client.create("/a", acl: acl("digest", "u:x"))
        #expect(try client.delete("/a").error == .ok)
    }

    // MARK: Names of ensembles

    @Test func `a client that looks for another ensemble is disconnected without a word`() throws {
        let server = try server {
            $0.providers = [.ensemble]
            $0.ensembleNames = ["x", "y"]
        }
        let client = try server.client()
        #expect(try client.authenticate("ensemble", "y").error == .ok)
        #expect(try client.authenticate("ensemble", "").error == .ok)
        client.send { writer in
            RequestHeader(xid: Xid(-4), type: .auth).write(to: &writer)
            AuthPacket(scheme: "ensemble", auth: Array("z".utf8)).write(to: &writer)
        }
        #expect(client.isClosed && client.takeFrame() == nil)
    }

    // MARK: SASL

    @Test func `a login that fails ends the connection unless that is allowed`() throws {
        for isAllowed in [false, true] {
            let server = try server {
                $0.logins = ["bob": "secret"]
                $0.allowsFailedLogins = isAllowed
            }
            let client = try server.client()
            let challenge = try client.ask(sasl) { $0.writeBuffer([]) }
            #expect(try token(challenge)?.starts(with: Array("realm=\"zk-sasl-md5\"".utf8)) == true)
            let answer = try client.ask(sasl) { $0.writeBuffer(Array("username=\"bob\"".utf8)) }
            #expect(answer.error == (isAllowed ? .ok : .authFailed) && answer.zxid == 0)
            #expect(try token(answer) == nil)
            #expect(client.isClosed == !isAllowed)
        }
    }

    @Test func `ACLs name users of SASL only where it is configured`() throws {
        let names: [(ByteString, Bool)] = [
            ("bob", true), ("bob@REALM", true), ("bob/host@REALM", true), ("a/b/c@R", false),
            ("a@b@c", false), ("", true),
        ]
        let with = try server { $0.providers = [.sasl] }.client()
        let without = try server { _ in }.client()
        for (number, (name, isValid)) in names.enumerated() {
            let path = Path("/\(number)")
            #expect(
                try with.create(path, acl: acl("sasl", name)).error
                    == (isValid ? .ok : .invalidACL), "\(name)")
            #expect(try without.create(path, acl: acl("sasl", name)).error == .invalidACL)
        }
    }
}
