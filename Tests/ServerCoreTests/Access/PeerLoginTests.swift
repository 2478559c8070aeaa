import Jute
import Records
import ServerCore
import Testing

/// Logins between servers, both ends, with bytes cut anywhere.
struct PeerLoginTests {
    private let users = ["zk": "sec\"ret"]
    private let greeting: [UInt8] = {
        var writer = JuteWriter(capacity: 64)
        ElectionGreeting(server: ServerID(2), address: "127.0.0.1:22022").write(to: &writer)
        return writer.copyBytes()
    }()

    /// Lets both ends talk; what each of them does, but for what it sends.
    private func talk(
        _ dialed: inout DialedLogin, _ accepted: inout AcceptedLogin, after first: [UInt8] = [],
        cut: Int = .max
    ) -> (dialed: [PeerLoginAction], accepted: [PeerLoginAction]) {
        var ours: [PeerLoginAction] = []
        var theirs: [PeerLoginAction] = []
        var toAcceptor = first + dialed.opening
        while !toAcceptor.isEmpty {
            var toDialer: [UInt8] = []
            while !toAcceptor.isEmpty {
                let piece = Array(toAcceptor.prefix(cut))
                toAcceptor.removeFirst(piece.count)
                for action in accepted.received(piece, nonce: { Array("nonce".utf8) }) {
                    if case .send(let bytes) = action {
                        toDialer += bytes
                    } else {
                        theirs.append(action)
                    }
                }
            }
            while !toDialer.isEmpty {
                let piece = Array(toDialer.prefix(cut))
                toDialer.removeFirst(piece.count)
                switch dialed.received(piece) {
                case .send(let bytes): toAcceptor += bytes
                case .some(let action): ours.append(action)
                case nil: break
                }
            }
        }
        return (ours, theirs)
    }

    private func dialer(_ user: String = "zk", _ password: String = "sec\"ret") -> DialedLogin {
        DialedLogin(user: user, password: password, cnonce: Array("cnonce".utf8))
    }

    @Test(arguments: [1, 7, Int.max], [false, true])
    func `who knows the password gets in`(cut: Int, afterGreeting: Bool) {
        var dialed = dialer()
        var accepted = AcceptedLogin(users: users, isRequired: true, afterGreeting: afterGreeting)
        let first = afterGreeting ? greeting : []
        let (ours, theirs) = talk(&dialed, &accepted, after: first, cut: cut)
        #expect(ours == [.goOn([])])
        #expect(theirs == [.goOn(first)])
    }

    @Test(arguments: [("zk", "secret"), ("eve", "sec\"ret"), ("", "")], [false, true])
    func `who does not know it is refused, required or not`(
        _ login: (String, String), isRequired: Bool
    ) {
        var dialed = dialer(login.0, login.1)
        var accepted = AcceptedLogin(users: users, isRequired: isRequired, afterGreeting: false)
        let (ours, theirs) = talk(&dialed, &accepted)
        #expect(ours == [.refuse("it refused the login of \(login.0)")])
        #expect(theirs == [.refuse("its login failed")])
    }

    @Test(arguments: [1, Int.max], [false, true])
    func `who does not log in goes on only where that is not demanded`(
        cut: Int, isRequired: Bool
    ) {
        var accepted = AcceptedLogin(
            users: users, isRequired: isRequired, afterGreeting: true)
        let said: [UInt8] = greeting + [0, 0, 0, 28]
        var actions: [PeerLoginAction] = []
        var rest = said
        while !rest.isEmpty, actions.isEmpty {
            let piece = Array(rest.prefix(cut))
            rest.removeFirst(piece.count)
            actions += accepted.received(piece) { [] }
        }
        #expect(
            actions == [
                isRequired ? .refuse("it did not log in") : .goOn(said.dropLast(rest.count))
            ])
    }

    @Test func `who greets and hangs up is heard where no login is demanded`() {
        for isRequired in [false, true] {
            var accepted = AcceptedLogin(
                users: users, isRequired: isRequired, afterGreeting: true)
            #expect(accepted.received(greeting) { [] } == [])
            #expect(
                accepted.receivedNoMore()
                    == (isRequired ? .refuse("it did not log in") : .goOn(greeting)))
        }
    }

    @Test func `who ends within a login is refused`() {
        var accepted = AcceptedLogin(users: users, isRequired: false, afterGreeting: false)
        _ = accepted.received(dialer().opening) { Array("nonce".utf8) }
        #expect(accepted.receivedNoMore() == .refuse("it did not end its login"))
    }

    @Test func `whoever pretends to be the leader must know the password, too`() {
        var dialed = dialer()
        let challenge = Array("realm=\"r\",nonce=\"n\",charset=utf-8,algorithm=md5-sess".utf8)
        _ = dialed.received(PeerLoginPacket(.underWay, challenge).encoded)
        let lie = PeerLoginPacket(.succeeded, Array("rspauth=00".utf8)).encoded
        #expect(dialed.received(lie) == .refuse("it does not know the password of zk"))
        var hasty = dialer()
        #expect(
            hasty.received(PeerLoginPacket(.succeeded).encoded)
                == .refuse("its login makes no sense"))
    }

    @Test func `nobody acts for somebody else, and nothing wild traps`() {
        var random = SystemRandomNumberGenerator()
        for size in 0..<200 {
            let junk = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            var accepted = AcceptedLogin(users: users, isRequired: true, afterGreeting: false)
            _ = accepted.received(dialer().opening + junk) { Array("nonce".utf8) }
            var dialed = dialer()
            _ = dialed.received(PeerLoginPacket(.underWay, junk).encoded)
            _ = dialed.received(junk)
            var greeted = AcceptedLogin(users: users, isRequired: true, afterGreeting: true)
            _ = greeted.received(junk) { [] }
        }
        var accepted = AcceptedLogin(users: users, isRequired: true, afterGreeting: false)
        var oversized = PeerLoginPacket(.underWay).encoded
        oversized.replaceSubrange(12..<16, with: [0x7f, 0xff, 0xff, 0xff])
        #expect(
            accepted.received(oversized) { [] } == [
                .send(PeerLoginPacket(.failed).encoded), .refuse("its login cannot be read"),
            ])
    }
}
