import Jute
import Records
import Simulation

// Inputs that make sense, one way of speaking after the other.

/// What clients say.
enum ClientFrames {
    /// A handshake.
    static let hello = frame { writer in
        ConnectRequest(
            lastZxidSeen: .zero, timeout: 10_000, session: .none,
            password: Array(repeating: 0, count: 16), readOnly: false
        ).write(to: &writer)
    }

    /// The first byte says how the rest is cut.
    static let seeds: [[UInt8]] =
        [[0] + hello, [0] + Array("mntr".utf8), [7] + hello + all.flatMap { $0 }]
        + all.map { [0] + hello + $0 }

    private static let all: [[UInt8]] = [
        request(.create) {
            CreateRequest(path: "/a", data: [1], acl: ACL.open, flags: 0).write(to: &$0)
        },
        request(.createTTL) {
            CreateTTLRequest(path: "/t", data: [1], acl: ACL.open, flags: 5, timeToLive: 100)
                .write(to: &$0)
        },
        request(.createContainer) {
            CreateRequest(path: "/c", data: nil, acl: ACL.open, flags: 4).write(to: &$0)
        },
        request(.create) {
            let path: Path = "/zookeeper/quota/a/zookeeper_limits"
            CreateRequest(
                path: path, data: Array("count=3,bytes=-1=;byteHardLimit=5".utf8), acl: ACL.open,
                flags: 0
            ).write(to: &$0)
        },
        request(.setData) {
            SetDataRequest(path: "/a", data: [1, 2], version: -1).write(to: &$0)
        },
        request(.setACL) {
            SetACLRequest(
                path: "/a",
                acl: [
                    ACL(permissions: .all, identity: Identity(scheme: "ip", id: "127.0.0.1/8")),
                    ACL(permissions: .all, identity: Identity(scheme: "digest", id: "u:p")),
                    ACL(permissions: .read, identity: Identity(scheme: "sasl", id: "u@R")),
                ], version: -1
            ).write(to: &$0)
        },
        request(.delete) { DeleteRequest(path: "/a", version: -1).write(to: &$0) },
        request(.getData) { WatchableRequest(path: "/", watch: true).write(to: &$0) },
        request(.getChildren2) { WatchableRequest(path: "/", watch: true).write(to: &$0) },
        request(.exists) { WatchableRequest(path: "/none", watch: true).write(to: &$0) },
        request(.sync) { $0.writeBuffer(Array("/".utf8)) },
        request(.getEphemerals) { $0.writeBuffer(Array("/".utf8)) },
        request(.addWatch) {
            AddWatchRequest(path: "/", mode: .recursive).write(to: &$0)
        },
        request(.setWatches2) { writer in
            writer.writeInt64(1)
            for path in ["/a", "/b", "/c", "/d", "/e"] {
                writer.writeInt32(1)
                writer.writeBuffer(Array(path.utf8))
            }
        },
        request(.removeWatches) { writer in
            writer.writeBuffer(Array("/".utf8))
            writer.writeInt32(3)
        },
        request(.multi) { writer in
            MultiHeader(type: .create, error: ErrorCode(rawValue: -1)).write(to: &writer)
            CreateRequest(path: "/m", data: [], acl: ACL.open, flags: 2).write(to: &writer)
            MultiHeader(type: .check, error: ErrorCode(rawValue: -1)).write(to: &writer)
            CheckVersionRequest(path: "/", version: -1).write(to: &writer)
            MultiHeader.end.write(to: &writer)
        },
        request(.multiRead) { writer in
            MultiHeader(type: .getData, error: ErrorCode(rawValue: -1)).write(to: &writer)
            WatchableRequest(path: "/", watch: false).write(to: &writer)
            MultiHeader.end.write(to: &writer)
        },
        request(.auth) { AuthPacket(scheme: "digest", auth: Array("u:p".utf8)).write(to: &$0) },
        request(.sasl) { $0.writeBuffer([]) },
        request(.sasl) { $0.writeBuffer(Array("username=\"bob\",nonce=\"x\",nc=00000001".utf8)) },
        request(.whoAmI) { _ in },
        request(.reconfig) { writer in
            writer.writeBuffer(Array("server.9=127.0.0.1:1:2;3".utf8))
            writer.writeBuffer(nil as [UInt8]?)
            writer.writeBuffer(nil as [UInt8]?)
            writer.writeInt64(-1)
        },
        request(.closeSession) { _ in },
    ]

    private static func request(
        _ type: OpCode, _ body: (inout JuteWriter) -> Void
    ) -> [UInt8] {
        frame { writer in
            RequestHeader(xid: Xid(1), type: type).write(to: &writer)
            body(&writer)
        }
    }

    private static func frame(_ body: (inout JuteWriter) -> Void) -> [UInt8] {
        var writer = JuteWriter()
        let start = writer.beginFrame()
        body(&writer)
        writer.endFrame(start)
        return writer.copyBytes()
    }

    /// A number for the lengths and errors of the frames that came back.
    static func outcome(_ output: [UInt8]) -> Int {
        var reader = JuteReader(output.rawSpan)
        var hash = 0
        while let length = try? reader.readInt32(), length >= 0,
            let frame = try? reader.readBytes(count: Int(length))
        {
            hash = hash &* 31 &+ Int(min(length, 64))
            for byte in frame.dropFirst(12).prefix(4) { hash = hash &* 31 &+ Int(byte) }
        }
        return hash
    }
}

/// What a leader says.
enum LeaderPackets {
    /// The start of the epoch.
    static let epoch = Zxid(0x7001_0000_0000)

    /// All that a follower hears until it serves.
    static let established =
        packet(.leaderInfo, epoch, [0, 1, 0, 0]) + packet(.diff, .zero)
        + packet(.newLeader, epoch, []) + packet(.upToDate, .none)

    static let seeds: [[UInt8]] = {
        let first = Zxid(0x7001_0000_0001)
        let info = packet(.leaderInfo, epoch, [0, 1, 0, 0])
        let difference = packet(.diff, .zero)
        let ready = packet(.newLeader, epoch, []) + packet(.upToDate, .none)
        let proposal = packet(.proposal, first, transaction(first))
        let whole = info + packet(.snapshot, .zero) + snapshot + ready
        let live = proposal + packet(.commit, first) + packet(.ping, first)
        let revalidation = packet(.revalidate, .none, [0, 0, 0, 0, 0, 0, 0, 7, 1])
        return [
            info, info + difference + ready, info + difference + proposal + ready,
            info + packet(.truncate, .zero) + ready, whole, whole + live,
            info + difference + ready + live + revalidation + packet(.sync, .zero, []),
            info + difference + ready + packet(.inform, first, transaction(first)),
            info + difference + ready
                + packet(.commitAndActivate, first, [0, 0, 0, 0, 0, 0, 0, 2]),
        ]
    }()

    private static func packet(
        _ kind: QuorumPacket.Kind, _ zxid: Zxid, _ data: [UInt8]? = nil
    ) -> [UInt8] {
        var writer = JuteWriter()
        QuorumPacket(kind, zxid: zxid, data: data).write(to: &writer)
        return writer.copyBytes()
    }

    /// A transaction as it is logged.
    static func transaction(_ zxid: Zxid) -> [UInt8] {
        let create = CreateTransaction(
            path: "/a", data: [1, 2, 3], acl: ACL.open, type: .create, isEphemeral: false,
            parentCVersion: 1)
        let header = TransactionHeader(
            session: SessionID(7), cxid: Xid(1), zxid: zxid, time: 7, type: .create)
        return Transaction(header: header, body: .create(create)).encoded
    }

    /// A database as it follows SNAP.
    private static var snapshot: [UInt8] {
        var writer = JuteWriter()
        writer.writeSnapshotSignature()
        return Databases.body + writer.copyBytes()
    }
}

/// What a snapshot holds.
enum Databases {
    static let body: [UInt8] = {
        var items: [SnapshotItem] = [
            .session(SessionID(7), timeout: 10_000), .acl(index: 1, ACL.readOnly),
            .znode("", data: [], aclIndex: -1, StatPersisted()),
        ]
        for path in ["/zookeeper", "/zookeeper/config", "/zookeeper/quota", "/a"] as [Path] {
            items.append(.znode(path, data: [1], aclIndex: 1, StatPersisted()))
        }
        return SnapshotItem.encodeBody(items + [.end])
    }()
}
