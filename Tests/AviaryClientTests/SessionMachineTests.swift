import Jute
import Records
import Testing

@testable import AviaryClient

@Suite struct SessionMachineTests {
    /// A session that a server serves.
    private func served(_ servers: [String] = ["a", "b"]) -> Transcript {
        var talk = Transcript(servers)
        talk.start()
        talk.dialed()
        talk.accepted()
        _ = talk.take()
        return talk
    }

    @Test func `a session dials, introduces itself and is served`() {
        var talk = Transcript(["a", "b"])
        talk.start()
        talk.dialed()
        talk.accepted()
        #expect(talk.take() == ["dial a", "send connect 0x0 zxid 0x0", "now connected"])
        #expect(talk.machine.sessionID == SessionID(7))
    }

    @Test func `requests before the handshake wait and leave in their order`() {
        var talk = Transcript(["a"])
        talk.start()
        talk.submit(1)
        talk.dialed()
        talk.submit(2, .setData)
        #expect(talk.take() == ["dial a", "send connect 0x0 zxid 0x0"])
        talk.accepted()
        #expect(talk.take() == ["now connected", "send 1:4", "send 2:5"])
    }

    @Test func `a server that is lost costs what was in flight and nothing else`() {
        var talk = served()
        talk.now = 5_000
        talk.submit(1)
        talk.lost()
        talk.submit(2)
        #expect(
            talk.take() == ["send 1:4", "complete 1 ConnectionLoss", "now connecting", "dial b"])
        talk.dialed()
        talk.accepted()
        #expect(
            talk.take() == ["send connect 0x7 zxid 0x0", "now connected", "send 2:4"])
    }

    @Test func `the last zxid seen goes along to the next server`() {
        var talk = served()
        talk.submit(1)
        talk.reply(1, zxid: 0x1_0000_0005)
        talk.now = 5_000
        talk.lost()
        talk.dialed()
        #expect(talk.take().last == "send connect 0x7 zxid 0x100000005")
    }

    @Test func `a round without success fails what waits, then rests and tries again`() {
        var talk = Transcript(["a", "b"])
        talk.start()
        talk.submit(1)
        talk.lost()
        talk.lost()
        #expect(
            talk.take() == ["dial a", "dial b", "complete 1 ConnectionLoss", "round failed"])
        guard let next = talk.machine.nextDeadline else {
            Issue.record("the session gave up")
            return
        }
        #expect(next >= talk.now + 100 && next <= talk.now + 150)
        talk.advance(to: next)
        #expect(talk.take() == ["dial a"])
    }

    @Test func `a server that never answers is left when patience ends`() {
        var talk = Transcript(["a", "b"], timeout: 10_000)
        talk.start()
        talk.dialed()
        #expect(talk.machine.nextDeadline == 6_000)
        talk.advance(to: 6_000)
        #expect(talk.take().suffix(2) == ["hang up", "dial b"])
    }

    @Test func `silence is broken by a ping, and the server's silence ends in another server`() {
        var talk = served()
        #expect(talk.machine.nextDeadline == 11_000)
        talk.advance(to: 11_000)
        #expect(talk.take() == ["send ping"])
        talk.now = 12_000
        talk.reply(-2)
        #expect(talk.machine.nextDeadline == 21_000)
        talk.advance(to: 21_000)
        #expect(talk.take() == ["send ping"])
        talk.advance(to: 32_000)
        #expect(talk.take() == ["hang up", "now connecting", "dial b"])
    }

    @Test func `an expired session is over and says so to everyone who waits`() {
        var talk = served()
        talk.submit(1, watch: .data, watcher: 3)
        talk.reply(1)
        talk.now = 90_000
        talk.lost()
        talk.submit(2)
        talk.dialed()
        talk.accepted(timeout: 0, session: 0)
        talk.submit(3)
        #expect(
            talk.take().suffix(5) == [
                "hang up", "now expired", "complete 2 Session expired",
                "notify sessionEnded /a [3]", "complete 3 Session expired",
            ])
        #expect(talk.machine.nextDeadline == nil)
    }

    @Test func `watches follow the session, and what it missed is told once`() {
        var talk = served()
        talk.submit(1, watch: .data, path: "/d")
        talk.submit(2, .exists, watch: .existence, path: "/e")
        talk.submit(3, .getChildren2, watch: .children, path: "/c", watcher: 1)
        talk.reply(1, zxid: 5)
        talk.reply(2, zxid: 5, error: .noNode)
        talk.reply(3, zxid: 5)
        talk.now = 5_000
        talk.lost()
        talk.dialed()
        _ = talk.take()
        talk.accepted()
        #expect(
            talk.take() == [
                "now connected", #"send watches since 0x5 ["/d"] ["/e"] ["/c"]"#,
            ])
        talk.event(2, "/d")
        talk.event(2, "/d")
        talk.event(4, "/c")
        #expect(talk.take() == ["notify deleted /d [0]", "notify childrenChanged /c [1]"])
    }

    @Test func `a read that failed leaves no watch`() {
        var talk = served()
        talk.submit(1, watch: .data)
        talk.reply(1, error: .noNode)
        talk.event(1, "/a")
        #expect(talk.take() == ["send 1:4", "complete 1 NoNode"])
    }

    @Test func `credentials are said again to each server, before the watches`() {
        var talk = served()
        talk.addAuth(1, "u:p")
        talk.reply(-4)
        talk.submit(2, watch: .data)
        talk.reply(1)
        talk.now = 5_000
        talk.lost()
        talk.dialed()
        #expect(talk.take().prefix(2) == ["send auth u:p", "complete 1 ok"])
        talk.accepted()
        #expect(
            talk.take() == [
                "now connected", "send auth u:p", #"send watches since 0x0 ["/a"] [] []"#,
            ])
    }

    @Test func `a refused credential ends the session`() {
        var talk = served()
        talk.addAuth(1, "u:p")
        talk.reply(-4, error: .authFailed)
        #expect(
            talk.take() == ["send auth u:p", "hang up", "now authFailed", "complete 1 AuthFailed"])
    }

    @Test func `a goodbye waits for its answer, and not for ever`() {
        var answered = served()
        answered.close(1)
        answered.reply(1, zxid: 9)
        #expect(answered.take() == ["send 1:-11", "hang up", "now closed", "complete 1 ok"])
        var ignored = served()
        ignored.close(1)
        ignored.advance(to: 3_000)
        #expect(ignored.take() == ["send 1:-11", "hang up", "now closed", "complete 1 ok"])
    }

    @Test func `a reply to another request ends the connection, not the session`() {
        var talk = served()
        talk.now = 5_000
        talk.submit(1)
        talk.reply(17)
        #expect(
            talk.take() == [
                "send 1:4", "hang up", "complete 1 ConnectionLoss", "now connecting", "dial b",
            ])
    }

    @Test func `requests beyond the limit fail at once`() {
        var talk = served()
        for id in 1...5 { talk.submit(UInt64(id)) }
        #expect(talk.take().last == "complete 5 Op throttled due to high load")
    }

    @Test func `a server that drops us right after the handshake is not dialed in a loop`() {
        var talk = served(["a"])
        talk.lost()
        #expect(talk.take() == ["now connecting"])
        #expect((talk.machine.nextDeadline ?? 0) >= talk.now + 100)
    }

    @Test func `no bytes of a server trap, whole, cut or made up`() {
        var writer = JuteWriter()
        ReplyHeader(xid: .notification, zxid: Zxid(3), error: .ok).write(to: &writer)
        WatcherEvent(type: 3, path: "/a").write(to: &writer)
        let whole = writer.copyBytes()
        for length in 0...whole.count {
            var talk = served()
            talk.now = 5_000
            talk.frame(Array(whole.prefix(length)))
            let isDropped = talk.take().contains("hang up")
            #expect(isDropped == (length < whole.count))
        }
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            var talk = Transcript(["a"])
            talk.start()
            talk.dialed()
            if generator.next() % 2 == 0 { talk.accepted() }
            talk.submit(1, watch: .data)
            let count = Int(generator.next() % 60)
            var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            // Every other one gets as far as a body.
            if generator.next() % 2 == 0 { bytes = [0xff, 0xff, 0xff, 0xff] + bytes }
            talk.frame(bytes)
            #expect(talk.machine.nextDeadline != nil || talk.machine.state == .expired)
        }
    }
}
