import Jute
import Records
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
        return server.link == nil ? 0 : 1
    }
}
