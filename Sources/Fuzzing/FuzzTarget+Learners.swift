import Jute
import Quorum
import Records
import Simulation

// What those say who dial a port for learners, which is open to anybody.

extension FuzzTarget {
    /// The outcome for a learner that was let go.
    public static let isLetGo = 1

    /// What a learner sends to a leader, whether that has a quorum already or waits for one.
    static let learnerPackets = FuzzTarget(
        name: "learner-packets", seeds: LearnerPackets.seedsOfLeader
    ) { input in
        guard let server = try? HostedReplica(.leader, DiskImage.lived()) else { return -1 }
        server.electThis()
        // The first byte says when it comes, and how it cuts what it says.
        let mode = input.first ?? 0
        let isEstablished = mode % 2 == 1
        if isEstablished { server.followerComes() }
        let outcome = LearnerPackets.send(input.dropFirst(), every: Int(mode / 2), to: server)
        precondition(server.fatal == nil, "a learner ended the server: \(server.fatal ?? "")")
        guard isEstablished else { return outcome }
        // Whatever it says, the others go on.
        server.followerComes()
        let before = server.output.count
        server.clientSends(ClientFrames.hello, cuts: [])
        server.pass(1)
        precondition(server.output.count > before, "a learner ended the reign")
        return outcome
    }

    /// What an observer sends to a follower that stands in for the leader.
    static let observerPackets = FuzzTarget(
        name: "observer-packets", seeds: LearnerPackets.seedsOfFollower
    ) { input in
        guard let server = try? HostedReplica(.observerMaster, DiskImage.lived()) else {
            return -1
        }
        server.elect()
        server.leaderSends(LeaderPackets.established)
        let outcome = LearnerPackets.send(
            input.dropFirst(), every: Int(input.first ?? 0), to: server)
        precondition(server.fatal == nil, "an observer ended the server: \(server.fatal ?? "")")
        precondition(server.link != nil, "an observer parted the server from its leader")
        return outcome &* 31 &+ LearnerPackets.outcome(server.said)
    }
}

/// What learners say when they follow, one thing after the other.
private enum LearnerPackets {
    /// The first epoch of a leader whose disk has none.
    private static let first = Zxid(0x1_0000_0000)

    static let seedsOfLeader: [[UInt8]] =
        [0, 1, 3, 15].flatMap { mode in
            [QuorumPacket.Kind.followerInfo, .observerInfo].map { kind in
                [mode] + following(as: kind, from: first)
            }
        } + said.map { [1] + introduced(as: .followerInfo, to: first) + encoded($0) }

    static let seedsOfFollower: [[UInt8]] =
        [0, 7].map { [$0] + following(as: .observerInfo, from: LeaderPackets.epoch) }
        + said.map {
            [0] + introduced(as: .observerInfo, to: LeaderPackets.epoch) + encoded($0)
        }

    private static func following(
        as kind: QuorumPacket.Kind, from epoch: Zxid
    ) -> [UInt8] {
        introduced(as: kind, to: epoch) + said.flatMap(encoded)
    }

    private static func introduced(
        as kind: QuorumPacket.Kind, to epoch: Zxid
    ) -> [UInt8] {
        encoded(QuorumPacket(kind, zxid: .zero, data: LearnerInfo.bytes(of: ServerID(3))))
            + encoded(QuorumPacket(.ackEpoch, zxid: Zxid(5), data: [0, 0, 0, 0]))
            + encoded(QuorumPacket(.ack, zxid: epoch))
            // Before 3.10 learners acknowledge UPTODATE as well.
            + encoded(QuorumPacket(.ack, zxid: epoch))
    }

    private static let said: [QuorumPacket] = [
        QuorumPacket(.ping, zxid: first, data: session + timeout + session + timeout),
        QuorumPacket(.revalidate, zxid: .none, data: session + timeout),
        request(.createSession, timeout),
        request(.create) {
            CreateRequest(path: "/b", data: [1], acl: ACL.open, flags: 1).write(to: &$0)
        },
        request(.setACL) {
            SetACLRequest(
                path: "/a",
                acl: [ACL(permissions: .all, identity: Identity(scheme: "auth", id: ""))],
                version: -1
            ).write(to: &$0)
        },
        request(.multi) { writer in
            MultiHeader(type: .setData, error: ErrorCode(rawValue: -1)).write(to: &writer)
            SetDataRequest(path: "/a", data: [], version: -1).write(to: &writer)
            MultiHeader.end.write(to: &writer)
        },
        request(.reconfig) { writer in
            writer.writeBuffer(Array("server.9=127.0.0.1:1:2;3".utf8))
            writer.writeBuffer(nil as [UInt8]?)
            writer.writeBuffer(nil as [UInt8]?)
            writer.writeInt64(-1)
        },
        request(.sync) { $0.writeBuffer(Array("/".utf8)) },
        request(.closeSession, []),
        QuorumPacket(.ack, zxid: first.next),
    ]

    private static let session: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7]
    private static let timeout: [UInt8] = [0, 0, 0x27, 0x10]

    private static func request(
        _ type: OpCode, _ body: (inout JuteWriter) -> Void
    ) -> QuorumPacket {
        var writer = JuteWriter()
        body(&writer)
        return request(type, writer.copyBytes())
    }

    private static func request(_ type: OpCode, _ body: [UInt8]) -> QuorumPacket {
        ForwardedRequest(
            session: SessionID(7), cxid: Xid(1), type: type, body: body,
            identities: [
                Identity(scheme: "ip", id: "127.0.0.1"), Identity(scheme: "super", id: ""),
                Identity(scheme: "digest", id: "u:p"),
            ]
        ).packet
    }

    private static func encoded(_ packet: QuorumPacket) -> [UInt8] {
        var writer = JuteWriter()
        packet.write(to: &writer)
        return writer.copyBytes()
    }

    /// A learner dials, says all that, whole or in pieces, and is waited for.
    static func send(
        _ bytes: ArraySlice<UInt8>, every step: Int, to server: HostedReplica
    ) -> Int {
        let link = server.learnerDials()
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(step == 0 ? rest.count : max(step, bytes.count / 50))
            server.learnerSends(piece, on: link)
            rest = rest.dropFirst(piece.count)
        }
        server.pass(1100)
        guard let told = server.told[link] else { return FuzzTarget.isLetGo }
        return outcome(told) &* 31 &+ 2
    }

    /// A number for the kinds of packets.
    static func outcome(_ bytes: [UInt8]) -> Int {
        var reader = JuteReader(bytes.rawSpan)
        var hash = 0
        while let packet = try? QuorumPacket(from: &reader, dataSizeMax: 1 << 20) {
            hash = hash &* 31 &+ Int(packet.kind.rawValue)
        }
        return hash
    }
}
