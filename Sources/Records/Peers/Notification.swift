public import Jute

/// What a server is doing, as its peers see it.
public enum ServerState: Int32, Sendable {
    case looking = 0
    case following = 1
    case leading = 2
    case observing = 3
}

/// One message of an election: who the sender would have as leader, and why.
public struct Notification: Equatable, Sendable {
    /// The version that carries a configuration.
    public static let version: Int32 = 2

    /// The state.
    public var state: ServerState
    /// The proposed leader.
    public var leader: ServerID
    /// The last zxid of the proposed leader.
    public var zxid: Zxid
    /// The sender's round of elections.
    public var round: Int64
    /// The epoch of the proposed leader.
    public var epoch: Int64
    /// 0 from servers older than 3.5, whose epoch comparisons are looser.
    public var version: Int32
    /// The text of the sender's committed configuration; nil before 3.5.
    public var configuration: [UInt8]?
    /// The sender's ensemble, where it says so.
    public var ensemble: ByteString?

    /// Makes one of these values.
    public init(
        state: ServerState, leader: ServerID, zxid: Zxid, round: Int64, epoch: Int64,
        version: Int32 = Notification.version, configuration: [UInt8]?, ensemble: ByteString? = nil
    ) {
        self.state = state
        self.leader = leader
        self.zxid = zxid
        self.round = round
        self.epoch = epoch
        self.version = version
        self.configuration = configuration
        self.ensemble = ensemble
    }

    /// Reads the payload of a frame of the election port: 28, 40 or 44 and more bytes.
    public init(payload: RawSpan) throws(JuteError) {
        var reader = JuteReader(payload)
        guard let state = ServerState(rawValue: try reader.readInt32()) else {
            throw .invalidValue
        }
        self.state = state
        self.leader = ServerID(try reader.readInt64())
        self.zxid = Zxid(try reader.readInt64())
        self.round = try reader.readInt64()
        self.version = 0
        self.configuration = nil
        self.ensemble = nil
        if reader.remaining == 0 {
            self.epoch = Int64(zxid.epoch.rawValue)
            return
        }
        self.epoch = try reader.readInt64()
        let version = try reader.readInt32()
        // The 40-byte form says 1 here, and counts as 0.
        if reader.remaining == 0 { return }
        guard let configuration = try reader.readBuffer() else { throw .invalidValue }
        self.version = version
        self.configuration = configuration
        self.ensemble = EnsembleMark.read(from: &reader)
    }

    /// Writes the version 2 payload.
    public func write(to writer: inout JuteWriter) {
        writer.writeInt32(state.rawValue)
        writer.writeInt64(leader.rawValue)
        writer.writeInt64(zxid.rawValue)
        writer.writeInt64(round)
        writer.writeInt64(epoch)
        writer.writeInt32(Notification.version)
        writer.writeBuffer(configuration ?? [])
        EnsembleMark.write(ensemble, to: &writer)
    }
}
