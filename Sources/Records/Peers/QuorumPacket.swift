public import Jute

/// What goes over the quorum port between a leader and its learners.
public struct QuorumPacket: Equatable, Sendable {
    /// The kind of a packet.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// 32 bits on the wire.
        public var rawValue: Int32
        /// Makes one of these values.
        public init(rawValue: Int32) { self.rawValue = rawValue }
        init(_ rawValue: Int32) { self.rawValue = rawValue }

        /// The packet request.
        public static let request = Kind(1)
        /// The packet proposal.
        public static let proposal = Kind(2)
        /// The packet ack.
        public static let ack = Kind(3)
        /// The packet commit.
        public static let commit = Kind(4)
        /// The packet ping.
        public static let ping = Kind(5)
        /// The packet revalidate.
        public static let revalidate = Kind(6)
        /// The packet sync.
        public static let sync = Kind(7)
        /// The packet inform.
        public static let inform = Kind(8)
        /// The packet commit and activate.
        public static let commitAndActivate = Kind(9)
        /// The packet new leader.
        public static let newLeader = Kind(10)
        /// The packet follower info.
        public static let followerInfo = Kind(11)
        /// The packet up to date.
        public static let upToDate = Kind(12)
        /// The packet diff.
        public static let diff = Kind(13)
        /// The packet truncate.
        public static let truncate = Kind(14)
        /// The packet snapshot.
        public static let snapshot = Kind(15)
        /// The packet observer info.
        public static let observerInfo = Kind(16)
        /// The packet leader info.
        public static let leaderInfo = Kind(17)
        /// The packet ack epoch.
        public static let ackEpoch = Kind(18)
        /// The packet inform and activate.
        public static let informAndActivate = Kind(19)
    }

    /// The kind of packet.
    public var kind: Kind
    /// The place in history.
    public var zxid: Zxid
    /// The data; nil is null.
    public var data: [UInt8]?
    /// Only a request carries any.
    public var identities: [Identity]?

    /// Makes one of these values.
    public init(
        _ kind: Kind, zxid: Zxid, data: [UInt8]? = nil, identities: [Identity]? = nil
    ) {
        self.kind = kind
        self.zxid = zxid
        self.data = data
        self.identities = identities
    }

    /// Reads one packet; there is no length before it, so `.truncated` means: wait for more.
    ///
    /// A length that no packet may have is `.unreasonableLength`, before its bytes are waited for.
    public init(from reader: inout JuteReader, dataSizeMax: Int) throws(JuteError) {
        self.kind = Kind(rawValue: try reader.readInt32())
        self.zxid = Zxid(try reader.readInt64())
        var probe = reader
        let length = Int(try probe.readInt32())
        guard length >= -1, length <= dataSizeMax else { throw .unreasonableLength(length) }
        self.data = try reader.readBuffer()
        self.identities = try QuorumPacket.readIdentities(from: &reader, sizeMax: dataSizeMax)
    }

    private static func readIdentities(
        from reader: inout JuteReader, sizeMax: Int
    ) throws(JuteError) -> [Identity]? {
        let count = Int(try reader.readInt32())
        if count == -1 { return nil }
        guard count >= 0, count <= 10_000 else { throw .unreasonableLength(count) }
        var identities: [Identity] = []
        for _ in 0..<count {
            var probe = reader
            let length = Int(try probe.readInt32())
            guard length >= -1, length <= sizeMax else { throw .unreasonableLength(length) }
            guard let identity = try Identity.read(from: &reader) else { throw .invalidValue }
            identities.append(identity)
        }
        return identities
    }

    /// Writes the packet.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(kind.rawValue)
        writer.writeInt64(zxid.rawValue)
        writer.writeBuffer(data)
        guard let identities else { return writer.writeInt32(-1) }
        writer.writeInt32(Int32(identities.count))
        for identity in identities { identity.write(to: &writer) }
    }
}

/// How a learner introduces itself, in FOLLOWERINFO and OBSERVERINFO.
public struct LearnerInfo: Equatable, Sendable {
    /// The protocol of every server since 3.4.
    public static let protocolVersion: Int32 = 0x10000

    /// The server.
    public var server: ServerID
    /// The protocol version.
    public var protocolVersion: Int32
    /// The version of the learner's committed configuration.
    public var configVersion: Int64
    /// The learner's ensemble, where it says so.
    public var ensemble: ByteString?

    /// Makes one of these values.
    public init(
        server: ServerID, protocolVersion: Int32 = LearnerInfo.protocolVersion,
        configVersion: Int64, ensemble: ByteString? = nil
    ) {
        self.server = server
        self.protocolVersion = protocolVersion
        self.configVersion = configVersion
        self.ensemble = ensemble
    }

    /// Reads 20 bytes, or the 12 of servers that know no configuration versions.
    public init(from reader: inout JuteReader) throws(JuteError) {
        self.server = ServerID(try reader.readInt64())
        self.protocolVersion = try reader.readInt32()
        self.configVersion = reader.remaining >= 8 ? try reader.readInt64() : 0
        self.ensemble = EnsembleMark.read(from: &reader)
    }

    /// Writes 20 bytes, and the ensemble.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt64(server.rawValue)
        writer.writeInt32(protocolVersion)
        writer.writeInt64(configVersion)
        EnsembleMark.write(ensemble, to: &writer)
    }
}

/// A client's write as a learner forwards it to the leader.
public struct ForwardedRequest: Equatable, Sendable {
    /// The session.
    public var session: SessionID
    /// The cxid.
    public var cxid: Xid
    /// The kind.
    public var type: OpCode
    /// The body.
    public var body: [UInt8]
    /// The identities.
    public var identities: [Identity]

    /// Makes one of these values.
    public init(
        session: SessionID, cxid: Xid, type: OpCode, body: [UInt8], identities: [Identity]
    ) {
        self.session = session
        self.cxid = cxid
        self.type = type
        self.body = body
        self.identities = identities
    }

    /// The REQUEST packet.
    public var packet: QuorumPacket {
        var writer = JuteWriter(capacity: 16 + body.count)
        writer.writeInt64(session.rawValue)
        writer.writeInt32(cxid.rawValue)
        writer.writeInt32(type.rawValue)
        writer.writeBytes(body)
        return QuorumPacket(
            .request, zxid: .none, data: writer.copyBytes(),
            identities: identities.isEmpty ? nil : identities)
    }

    /// The request in a REQUEST packet.
    public init(packet: QuorumPacket) throws(JuteError) {
        guard let data = packet.data else { throw .invalidValue }
        var reader = JuteReader(data.rawSpan)
        self.session = SessionID(try reader.readInt64())
        self.cxid = Xid(try reader.readInt32())
        self.type = OpCode(rawValue: try reader.readInt32())
        self.body = try reader.readBytes(count: reader.remaining)
        self.identities = packet.identities ?? []
    }
}
