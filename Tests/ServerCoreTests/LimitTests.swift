import Configuration
import Jute
import Records
import Testing

@testable import ServerCore

/// What becomes of clients that are too many, too silent, or ask for too much at once.
struct LimitTests {
    private func server(
        _ adjust: @escaping (inout LimitConfiguration) -> Void
    ) throws -> StandaloneServer {
        try StandaloneServer { adjust(&$0.limits) }
    }

    // MARK: Handshakes

    private func throttle(
        _ tokens: Int64, weighs: Bool = false, fillTime: Int64 = 100
    ) -> HandshakeThrottle {
        var limits = LimitConfiguration()
        limits.handshakeTokensMax = tokens
        limits.handshakeFillTime = fillTime
        limits.weighsHandshakes = weighs
        return HandshakeThrottle(limits, now: 0)
    }

    private func admitted(
        _ throttle: inout HandshakeThrottle, _ wishes: [HandshakeThrottle.Wish], now: Int64
    ) -> [Bool] {
        wishes.map { throttle.admits($0, now: now) }
    }

    @Test func `handshakes go on as long as there are tokens, which come back with time`() {
        var throttle = throttle(2)
        let all = Array(repeating: HandshakeThrottle.Wish.globalSession, count: 3)
        let first = admitted(&throttle, all, now: 50)
        let soon = admitted(&throttle, all, now: 100)
        let later = admitted(&throttle, all, now: 201)
        let atLast = admitted(&throttle, all, now: .max)
        #expect(first == [true, true, false])
        #expect(soon == [false, false, false])
        #expect(later == [true, true, false])
        #expect(atLast == [true, true, false])
    }

    @Test func `handshakes count for what they cost where that is wanted`() {
        var throttle = throttle(6, weighs: true)
        let answers = admitted(
            &throttle, [.globalSession, .renewal, .renewal, .localSession, .localSession], now: 0)
        #expect(answers == [true, true, false, true, false])
    }

    @Test func `no limit is none`() {
        var throttle = throttle(0)
        let admitted = (0..<1000).count { _ in throttle.admits(.globalSession, now: 0) }
        #expect(admitted == 1000)
    }

    // MARK: Silence

    @Test func `a connection without a session is closed when it stays silent`() throws {
        let server = try server { $0.sessionlessTimeout = 1000 }
        let silent = try server.connection()
        server.pass(900)
        #expect(!silent.isClosed)
        server.pass(1200)
        #expect(silent.isClosed)
    }

    @Test func `a session's connection may be silent as long as the session lives`() throws {
        let server = try server { $0.sessionlessTimeout = 1000 }
        let client = try server.client()
        server.pass(100_000)
        #expect(!client.isClosed)
        #expect(try client.has("/"))
    }

    // MARK: Size

    @Test func `a large request that finds no room ends its connection`() throws {
        let server = try server {
            $0.largeRequestSize = 100
            $0.largeRequestsMax = 1000
        }
        let client = try server.client()
        for number in 0..<5 {
            let path = Path("/\(number)")
            #expect(try client.create(path, Array(repeating: 1, count: 800)).error == .ok)
        }
        client.send { writer in
            RequestHeader(xid: Xid(9), type: .setData).write(to: &writer)
            SetDataRequest(path: "/0", data: Array(repeating: 1, count: 1001), version: -1)
                .write(to: &writer)
        }
        #expect(client.isClosed)
        #expect(try server.client().create("/a").error == .ok)
    }

    @Test func `the servers of an ensemble share what may wait`() {
        let members = (1...5).map { number in
            let place = Endpoint(host: "host", port: UInt16(number))
            return Member(
                id: ServerID(Int64(number)), quorum: place, election: place, client: nil,
                role: number < 5 ? .participant : .observer)
        }
        func limit(_ count: Int) -> Int {
            let membership = Membership(version: 0, members: Array(members.prefix(count)))
            let settings = ReplicaSettings(
                server: ServerID(1), quorum: nil, membership: membership)
            return Replica.outstandingMax(settings, membership)
        }
        #expect([0, 1, 2, 3, 4, 5].map(limit) == [1000, 1000, 1000, 500, 333, 333])
    }
}
