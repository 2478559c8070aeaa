import Jute
import Records
import Testing

@Test func `a transaction has the bytes that Apache ZooKeeper logs`() throws {
    // The example of the storage reference: createSession of 0x02000032497b0000, timeout 10000.
    let expected: [UInt8] = [
        0x02, 0x00, 0x00, 0x32, 0x49, 0x7b, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1,
        0x00, 0x00, 0x01, 0xa1, 0xfb, 0x86, 0xbe, 0x46, 0xff, 0xff, 0xff, 0xf6, 0, 0, 0x27, 0x10,
        0, 0, 0, 2, 0, 0, 0, 0, 0x51, 0xc6, 0xd6, 0x60,
    ]
    let header = TransactionHeader(
        session: SessionID(0x0200_0032_497b_0000), cxid: Xid(0),
        zxid: Zxid(epoch: Epoch(1), counter: 1), time: 0x1_a1fb_86be_46, type: .createSession)
    let transaction = Transaction(
        header: header, body: .createSession(timeout: 10000),
        digest: TransactionDigest(treeDigest: 0x51c6_d660))
    #expect(transaction.encoded == expected)
    #expect(try Transaction(decoding: expected) == transaction)
}

@Test(
    arguments: [
        .create(
            CreateTransaction(
                path: "/a", data: nil, acl: ACL.open, type: .create2, isEphemeral: true,
                parentCVersion: 3)),
        .create(
            CreateTransaction(
                path: "/t", data: [], acl: ACL.readOnly, type: .createTTL, isEphemeral: false,
                parentCVersion: 1, timeToLive: 5)),
        .multi([.delete("/a", isContainer: false), .check("/b", version: 2), .error(.noNode)]),
        .closeSession(ephemerals: ["/x", "/y"]), .setACL("/a", acl: ACL.open, version: 1),
    ] as [TransactionBody])
func `every body is read as it was written`(body: TransactionBody) throws {
    let header = TransactionHeader(
        session: SessionID(7), cxid: Xid(1), zxid: Zxid(9), time: 1, type: body.type)
    for digest in [nil, TransactionDigest(treeDigest: 77)] {
        let transaction = Transaction(header: header, body: body, digest: digest)
        let bytes = transaction.encoded
        #expect(try Transaction(decoding: bytes) == transaction)
        for length in 32..<(bytes.count - (digest == nil ? 0 : 12)) {
            // A cut body is an error or, where the field is optional, another value; never a trap.
            _ = try? Transaction(decoding: Array(bytes[..<length]))
        }
    }
}

@Test func `an old closeSession has a digest but no paths`() throws {
    let header = TransactionHeader(
        session: SessionID(7), cxid: Xid(1), zxid: Zxid(9), time: 1, type: .closeSession)
    let transaction = Transaction(
        header: header, body: .closeSession(ephemerals: nil),
        digest: TransactionDigest(treeDigest: 5))
    #expect(try Transaction(decoding: transaction.encoded) == transaction)
}

@Test(arguments: [
    ("/", true), ("/a", true), ("/a/b", true), ("/...", true), ("/a..", true), ("/élan", true),
    ("", false), ("a", false), ("/a/", false), ("//", false), ("/a//b", false), ("/.", false),
    ("/..", false), ("/a/./b", false), ("/a\u{1}b", false), ("/\u{f8ff}", false),
    ("/\u{fffe}", false), ("/\u{7f}", false), ("/\u{1F600}", false), ("/a\0b", false),
])
func `a path is valid by the rules of the reference server`(path: String, valid: Bool) {
    #expect(Path(path).isValid == valid)
}

@Test func `the parent of a path ends before its last slash`() {
    #expect(Path("/a/b").parent == "/a")
    #expect(Path("/a").parent == "/")
    #expect(Path("/").parent == nil)
    #expect(Path("/a//b").parent == "/a/")
    #expect(Path("/a/b").name == "b")
    #expect(Path("/").appending("x") == "/x")
    #expect(Path("/ab").isWithin("/a") == false)
    #expect(Path("/a/b").isWithin("/a"))
}

@Test func `an incomplete quorum packet asks for more, a hostile one is refused`() throws {
    let packet = QuorumPacket(
        .request, zxid: .none, data: [1, 2, 3],
        identities: [Identity(scheme: "digest", id: "a:b")])
    var writer = JuteWriter()
    packet.write(to: &writer)
    let bytes = writer.copyBytes()
    for length in 0..<bytes.count {
        let part = Array(bytes[..<length])
        var failure: JuteError?
        var reader = JuteReader(part.rawSpan)
        do throws(JuteError) {
            _ = try QuorumPacket(from: &reader, dataSizeMax: 100)
        } catch { failure = error }
        #expect(failure == .truncated)
    }
    var reader = JuteReader(bytes.rawSpan)
    #expect(try QuorumPacket(from: &reader, dataSizeMax: 100) == packet)
    var hostile = JuteReader(bytes.rawSpan)
    var failure: JuteError?
    do throws(JuteError) {
        _ = try QuorumPacket(from: &hostile, dataSizeMax: 2)
    } catch { failure = error }
    #expect(failure == .unreasonableLength(3))
}
