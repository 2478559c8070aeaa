import Jute
import Records
import ServerCore
import Simulation

// Clients and servers on the other end of a socket.

extension FuzzTarget {
    /// The client port, before a session and with one: whole servers, standalone.
    static let clientFrames = FuzzTarget(name: "client-frames", seeds: ClientFrames.seeds) {
        input in
        guard let server = try? HostedReplica(.standalone) else { return -1 }
        // The first byte says how the rest is cut into packets.
        let step = Int(input.first ?? 0)
        let cuts = step == 0 ? [] : Array(stride(from: step, to: input.count, by: step).prefix(50))
        server.clientSends(Array(input.dropFirst()), cuts: cuts)
        precondition(server.fatal == nil, "a client ended the server: \(server.fatal ?? "")")
        // It goes on serving.
        let before = server.output.count
        server.clientSends(ClientFrames.hello, cuts: [])
        precondition(server.output.count > before, "no session after that")
        return ClientFrames.outcome(Array(server.output.prefix(before))) &* 31 &+ server.closedCount
    }

    /// What a leader sends to a follower that has elected it.
    static let quorumPackets = FuzzTarget(name: "quorum-packets", seeds: LeaderPackets.seeds) {
        input in
        guard let server = try? HostedReplica(.follower, DiskImage.lived()) else { return -1 }
        server.elect()
        guard server.link != nil else { return -2 }
        server.leaderSends(input)
        server.pass(100)
        let said = server.said
        var reader = JuteReader(said.rawSpan)
        var hash = server.link == nil ? 1 : 0
        while let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 20) {
            hash = hash &* 31 &+ Int(packet.kind.rawValue)
        }
        return hash &* 31 &+ (server.fatal?.utf8.count ?? 0)
    }

    /// What anybody sends to the election port.
    static let electionMessages = FuzzTarget(
        name: "election-messages",
        seeds: [HostedReplica.vote, HostedReplica.vote + HostedReplica.vote]
    ) { input in
        guard let server = try? HostedReplica(.follower, DiskImage.lived()) else { return -1 }
        server.electionSends(input)
        server.pass(1000)
        precondition(server.fatal == nil, "a peer ended the server: \(server.fatal ?? "")")
        return server.votes.reduce(server.link == nil ? 0 : 1) { $0 &* 31 &+ Int($1) }
    }

    /// What either end of a login between servers hears from the other.
    static let peerLogins = FuzzTarget(name: "peer-logins", seeds: PeerLogins.seeds) { input in
        let nonce = Array("nonce".utf8)
        // The first byte says which end it is, and whether a greeting comes first.
        let kind = input.first ?? 0
        let bytes = Array(input.dropFirst())
        if kind % 3 == 2 {
            var login = PeerLogins.dialed
            return PeerLogins.outcome(
                [login.received(bytes), login.received([])].compactMap(\.self))
        }
        var login = AcceptedLogin(
            users: ["zk": "s"], isRequired: kind % 2 == 0, afterGreeting: kind % 3 == 1)
        var actions = login.received(bytes) { nonce }
        actions += login.received([]) { nonce }
        return PeerLogins.outcome(actions + [login.receivedNoMore()])
    }
}

/// Both ends of a login, and what they say to each other.
private enum PeerLogins {
    static let dialed = DialedLogin(user: "zk", password: "s", cnonce: Array("cnonce".utf8))

    static let seeds: [[UInt8]] = {
        var dialed = PeerLogins.dialed
        var accepted = AcceptedLogin(
            users: ["zk": "s"], isRequired: true, afterGreeting: false)
        var ofDialer = dialed.opening
        var ofAcceptor: [UInt8] = []
        var last = ofDialer
        while !last.isEmpty {
            var answers: [UInt8] = []
            for action in accepted.received(last, nonce: { Array("nonce".utf8) }) {
                if case .send(let bytes) = action { answers += bytes }
            }
            ofAcceptor += answers
            last = []
            if case .send(let bytes) = dialed.received(answers) { last = bytes }
            ofDialer += last
        }
        let greeting = Array(HostedReplica.vote.prefix(40))
        return [[0] + ofDialer, [1] + greeting + ofDialer, [2] + ofAcceptor, [3] + ofDialer]
    }()

    /// Which actions there are, and how much each says.
    static func outcome(_ actions: [PeerLoginAction]) -> Int {
        actions.reduce(actions.count) { hash, action in
            switch action {
            case .send(let bytes): hash &* 31 &+ bytes.count
            case .goOn(let bytes): hash &* 31 &+ (bytes.isEmpty ? 1 : 2)
            case .refuse(let reason): hash &* 31 &+ reason.utf8.count &* 1000
            }
        }
    }
}
