import Jute
import Records
import Testing

@testable import AviaryClient

/// The records of replies, written and read, and read again from less than was written.
@Suite struct ReplyTests {
    private let stat = Stat(
        StatPersisted(czxid: Zxid(1), mzxid: Zxid(2), ctime: 3, mtime: 4, version: 5),
        dataLength: 6, numChildren: 7)

    /// Reads a record whole, and fails to read it from every part of it.
    private func check<Value: Equatable>(
        _ value: Value, _ write: (inout JuteWriter) -> Void,
        _ read: (inout JuteReader) throws(JuteError) -> Value
    ) throws {
        var writer = JuteWriter()
        write(&writer)
        let whole = writer.copyBytes()
        let bytes = whole.rawSpan
        var reader = JuteReader(bytes)
        #expect(try read(&reader) == value)
        #expect(reader.remaining == 0)
        for length in 0..<whole.count {
            let part = Array(whole.prefix(length))
            let cut = part.rawSpan
            var reader = JuteReader(cut)
            var isRefused = false
            do throws(JuteError) { _ = try read(&reader) } catch { isRefused = true }
            #expect(isRefused, "\(Value.self) from \(length) bytes")
        }
    }

    @Test func `every reply is read whole and refused in part`() throws {
        let data = GetDataResponse(data: [1, 2], stat: stat)
        try check(data) {
            data.write(to: &$0)
        } _: { reader throws(JuteError) in
            try GetDataResponse(from: &reader)
        }
        let acl = GetACLResponse(acl: ACL.open, stat: stat)
        try check(acl) {
            acl.write(to: &$0)
        } _: { reader throws(JuteError) in
            try GetACLResponse(from: &reader)
        }
        let children = GetChildren2Response(children: ["a", "bc", ""], stat: stat)
        try check(children) {
            children.write(to: &$0)
        } _: { reader throws(JuteError) in
            try GetChildren2Response(from: &reader)
        }
        let created = Create2Response(path: "/a", stat: stat)
        try check(created) {
            created.write(to: &$0)
        } _: { reader throws(JuteError) in
            try Create2Response(from: &reader)
        }
        let credentials = WhoAmIResponse(credentials: [Identity(scheme: "ip", id: "::1")])
        try check(credentials) {
            credentials.write(to: &$0)
        } _: { reader throws(JuteError) in
            try WhoAmIResponse(from: &reader)
        }
        let header = ReplyHeader(xid: Xid(1), zxid: Zxid(2), error: .noNode)
        try check(header) {
            header.write(to: &$0)
        } _: { reader throws(JuteError) in
            try ReplyHeader(from: &reader)
        }
        let event = WatcherEvent(type: 1, path: "/a")
        try check(event) {
            event.write(to: &$0)
        } _: { reader throws(JuteError) in
            try WatcherEvent(from: &reader)
        }
    }

    @Test func `lengths that cannot be are refused before anything is reserved`() {
        for length: Int32 in [.min, -2, .max, 1 << 28] {
            var writer = JuteWriter()
            writer.writeInt32(length)
            let bytes = writer.copyBytes()
            let span = bytes.rawSpan
            for read in [0, 1, 2] {
                var reader = JuteReader(span)
                var isRefused = false
                do throws(JuteError) {
                    switch read {
                    case 0: _ = try reader.readPaths()
                    case 1: _ = try ACL.readList(from: &reader)
                    default: _ = try WhoAmIResponse(from: &reader)
                    }
                } catch { isRefused = true }
                #expect(isRefused)
            }
        }
    }

    @Test func `watches are counted, and those told are counted off`() {
        var registry = WatchRegistry()
        func leave(_ kind: WatchIntent.Kind, _ path: Path, _ watcher: UInt64, _ error: ErrorCode) {
            let intent = WatchIntent(kind: kind, path: path, watcher: WatcherID(watcher))
            registry.left(intent, error: error)
        }
        leave(.data, "/a", 0, .ok)
        leave(.data, "/a", 0, .ok)
        leave(.data, "/a", 2, .ok)
        leave(.data, "/a", 1, .ok)
        leave(.data, "/b", 3, .noNode)
        leave(.existence, "/b", 4, .noNode)
        leave(.children, "/a", 2, .ok)
        #expect(registry.count == 5)
        #expect(registry.fire(.childrenChanged, at: "/b").isEmpty)
        #expect(registry.fire(.created, at: "/b") == [WatcherID(4)])
        #expect(registry.fire(.deleted, at: "/a") == [0, 1, 2].map(WatcherID.init))
        #expect(registry.count == 0)
        #expect(registry.isEmpty)
    }
}
