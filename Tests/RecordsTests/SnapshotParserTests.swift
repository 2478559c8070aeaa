import Jute
import Records
import Testing

/// The body of a snapshot, read back however it is cut, and refused however it is broken.
struct SnapshotParserTests {
    static let items: [SnapshotItem] = [
        .session(SessionID(0x1_0000_0000_0001), timeout: 10_000),
        .session(SessionID(0x2_0000_0000_0002), timeout: 4_000),
        .acl(index: 1, ACL.open),
        .acl(
            index: 2,
            [
                ACL(
                    permissions: [.read, .write],
                    identity: Identity(scheme: "digest", id: "bob:hash")),
                ACL(permissions: .read, identity: .anyone),
            ]),
        .acl(index: 3, []),
        .znode("", data: [], aclIndex: -1, StatPersisted(cversion: 1)),
        .znode("/a", data: [1, 2, 3], aclIndex: 2, StatPersisted(czxid: Zxid(7), version: 3)),
        .znode("/a/b", data: nil, aclIndex: 1, StatPersisted(ephemeralOwner: 9)),
        .end,
    ]

    @Test(arguments: [1, 2, 3, 7, 64, 10_000])
    func `a body cut anywhere reads back whole, and what follows it is left`(size: Int) throws {
        let body = SnapshotItem.encodeBody(Self.items)
        let stream = body + [9, 9, 9, 9]
        var parser = SnapshotParser()
        var sink = SnapshotItems()
        var taken = 0
        for start in stride(from: 0, to: stream.count, by: size) {
            let chunk = Array(stream[start..<min(start + size, stream.count)])
            taken += try parser.feed(chunk.rawSpan, into: &sink)
        }
        #expect(taken == body.count)
        #expect(parser.isComplete)
        #expect(parser.offset == Int64(body.count))
        #expect(sink.items == Self.items)
    }

    @Test func `a body that ends early is not complete`() throws {
        let body = SnapshotItem.encodeBody(Self.items)
        for end in 0..<body.count {
            var parser = SnapshotParser()
            var sink = SnapshotItems()
            let taken = try parser.feed(Array(body[..<end]).rawSpan, into: &sink)
            #expect(taken == end)
            #expect(!parser.isComplete)
        }
    }

    @Test func `nothing that fits is too large`() throws {
        let entries = (0..<Int32(70_000)).map {
            ACL(permissions: Permissions(rawValue: $0), identity: .anyone)
        }
        let data = [UInt8](repeating: 1, count: (64 << 20) + 1)
        let body = SnapshotItem.encodeBody([
            .acl(index: 1, entries), .znode("", data: [], aclIndex: 1, StatPersisted()),
            .znode("/a", data: data, aclIndex: 1, StatPersisted()), .end,
        ])
        for sizeMax in [Int64(body.count), .max] {
            var parser = SnapshotParser(sizeMax: sizeMax)
            var sink = IgnoredItems()
            #expect(try parser.feed(body.rawSpan, into: &sink) == body.count)
            #expect(parser.isComplete && sink.entryCount == 70_000)
            #expect(sink.dataCount == data.count)
        }
    }

    @Test func `lengths are refused before they are believed`() {
        func outcome(_ write: (inout JuteWriter) -> Void) -> SnapshotError? {
            var writer = JuteWriter()
            write(&writer)
            var parser = SnapshotParser(sizeMax: 112)
            var sink = SnapshotItems()
            do throws(SnapshotError) {
                _ = try parser.feed(writer.bytes, into: &sink)
                return nil
            } catch {
                return error
            }
        }
        #expect(outcome { $0.writeInt32(-1) } == .unreasonableLength(-1, offset: 0))
        #expect(
            outcome {
                $0.writeInt32(0)
                $0.writeInt32(-7)
            } == .unreasonableLength(-7, offset: 4))
        #expect(
            outcome {
                $0.writeInt32(10)
            } == .unreasonableLength(10, offset: 0))
        #expect(
            outcome {
                $0.writeInt32(0)
                $0.writeInt32(1)
                $0.writeInt64(1)
                $0.writeInt32(8)
            } == .unreasonableLength(8, offset: 16))
        #expect(
            outcome {
                $0.writeInt32(0)
                $0.writeInt32(0)
                $0.writeInt32(101)
            } == .unreasonableLength(101, offset: 8))
    }

    @Test func `flipping any byte never traps`() {
        let body = SnapshotItem.encodeBody(Self.items)
        for position in body.indices {
            for mask: UInt8 in [0x01, 0x80, 0xff] {
                var broken = body
                broken[position] ^= mask
                var parser = SnapshotParser()
                var sink = SnapshotItems()
                _ = try? parser.feed(broken.rawSpan, into: &sink)
                #expect(parser.offset <= Int64(body.count))
            }
        }
    }
}

/// Only counts: what is large is not kept.
private struct IgnoredItems: SnapshotSink {
    var entryCount = 0
    var dataCount = 0

    mutating func receivedSession(_ session: SessionID, timeout: Int32) {}
    mutating func receivedACL(_ list: [ACL], index: Int64) { entryCount += list.count }
    mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) {
        dataCount += data?.byteCount ?? 0
    }
    mutating func receivedEnd() {}
}
