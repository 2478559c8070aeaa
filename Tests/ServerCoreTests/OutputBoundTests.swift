import Jute
import Records
import Testing

@testable import ServerCore

/// A few bytes of requests can ask for any amount of answers: how much of that is in memory.
struct OutputBoundTests {
    private static let size = 600_000

    private func reads(_ count: Int32, behind write: Bool = false) -> [UInt8] {
        var writer = JuteWriter()
        if write {
            let frame = writer.beginFrame()
            RequestHeader(xid: Xid(1), type: .setData).write(to: &writer)
            writer.writeString("/big")
            writer.writeBuffer(Array(repeating: 1, count: OutputBoundTests.size))
            writer.writeInt32(-1)
            writer.endFrame(frame)
        }
        for xid in 2..<(count + 2) {
            let frame = writer.beginFrame()
            RequestHeader(xid: Xid(xid), type: .getData).write(to: &writer)
            writer.writeString("/big")
            writer.writeBool(false)
            writer.endFrame(frame)
        }
        return writer.copyBytes()
    }

    private func server() throws -> (StandaloneServer, RawClient) {
        let server = try StandaloneServer()
        let client = try server.client()
        try client.create("/big", Array(repeating: 0, count: OutputBoundTests.size))
        return (server, client)
    }

    @Test func `requests are left unread while enough is owed, and answered once that has left`()
        throws
    {
        let (server, client) = try server()
        let requests = reads(5)
        let consumed = server.replica.clientReceived(client.id, requests.rawSpan, server.now)
        // Two answers are more than a megabyte.
        #expect(consumed == requests.count / 5 * 2)
        let again = server.replica.clientReceived(
            client.id, Array(requests[consumed...]).rawSpan, server.now)
        #expect(again == 0)
        server.perform()
        client.sendBytes(Array(requests[consumed...]))
        var answered: [Int32] = []
        while let frame = client.takeFrame() {
            var reader = JuteReader(frame.rawSpan)
            answered.append(try ReplyHeader(from: &reader).xid.rawValue)
            #expect(frame.count > OutputBoundTests.size)
        }
        #expect(answered == [2, 3, 4, 5, 6])
    }

    @Test func `an answer of any size is given if it is the only one`() throws {
        let (_, client) = try server()
        let answer = try client.ask(.getData) {
            $0.writeString("/big")
            $0.writeBool(false)
        }
        #expect(answer.error == .ok)
        #expect(!client.isClosed)
    }

    @Test func `more answers behind one write than memory is to hold end the connection`() throws {
        let (server, client) = try server()
        client.sendBytes(reads(200, behind: true))
        #expect(client.isClosed)
        let byteCount = client.takeBytes().count
        #expect(byteCount == 0)
        // Those that fit are given.
        let other = try server.client()
        other.sendBytes(reads(50, behind: true))
        var count = 0
        while other.takeFrame() != nil { count += 1 }
        #expect(count == 51)
        #expect(!other.isClosed)
    }
}
