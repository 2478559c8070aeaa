import DequeModule
import Jute
import Records

/// One client's connection: its session, what it has asked and what it is still owed.
///
/// Replies leave in the order of requests. As long as nothing is outstanding a read is answered at
/// once, straight from the receive buffer; behind a write it waits in `outstanding`.
final class Connection {
    /// With so much to be written no further request is taken: a few bytes can ask for a
    /// megabyte each.
    static let outputEnough = 1 << 20
    /// Beyond this the connection is closed: what was asked behind a write is owed at once.
    static let outputMax = 64 << 20
    /// Memory for output that a connection keeps when there is none.
    static let outputKept = 64 << 10

    /// How far the connection has come.
    enum State: Equatable {
        /// Nothing but a connect request or a four letter word is expected.
        case fresh
        /// The session is being created or taken over.
        case establishing
        case established
        /// To be closed once its output is written; whatever comes is ignored.
        case closing
    }

    /// A request that has not been answered.
    struct Outstanding {
        /// What it waits for.
        enum Kind {
            /// Its transaction.
            case write
            /// The requests before it. The body is kept, since the receive buffer moves on.
            case read(body: [UInt8])
            /// The leader's word that everything before it is committed, and the path to echo.
            case sync(path: ByteString?, isDone: Bool)
            /// The requests before it; the answer is known.
            case failed(ErrorCode, zxid: Zxid?)
        }

        let xid: Xid
        let type: OpCode
        var kind: Kind
        /// Of a write that was proposed here: the transaction that is its result.
        var zxid: Zxid?
        /// When it came, monotonic milliseconds.
        let since: Int64
        /// What the audit log is to say of it, if there is one.
        var audited: [AuditEntry]?
        /// What the client is told instead of what the leader says.
        var refusal: ErrorCode?
        /// Its bytes if it counts as large.
        var largeSize: Int64 = 0
    }

    let id: ConnectionID
    /// 4 or 16 bytes.
    let address: [UInt8]
    let port: UInt16
    /// Whether it came through TLS.
    var isSecure = false
    var state = State.fresh
    var session = SessionID.none
    /// Negotiated, milliseconds.
    var timeout: Int32 = 0
    /// The session where this server tracks it: standalone and leader.
    var tracked: TrackedSession?
    var credentials: [Identity]
    /// How far a login by SASL has come, once there is one.
    var login: DigestMD5Exchange?
    var outstanding = Deque<Outstanding>()
    var output = JuteWriter(capacity: 512)
    /// Whether this server alone knows the session.
    var isLocal = false
    /// When bytes came last, monotonic milliseconds.
    var heardAt: Int64 = 0
    /// Whether it is not read from because of what others have asked.
    var isThrottled = false
    /// Since when the requests have waited that come next, if they have.
    var throttledAt: Int64?
    /// Learner: results of the session that come up to here belong to whoever had it before.
    var predecessorEnd = Zxid.none
    /// Learner: the writes whose results still do, wherever they come.
    var predecessorWrites = Deque<Xid>()
    /// Whether it stands in the replica's list of connections with output.
    var isDirty = false
    /// Whether the driver was told to stop reading.
    var isPaused = false
    /// Whether the connect request had the read-only byte; the response then has it too.
    var wantsReadOnlyByte = false
    /// When the leader was last told that the session lives, on a learner.
    var touchedAt: Int64?
    var statistics: ConnectionStatistics

    init(id: ConnectionID, address: [UInt8], port: UInt16, now: Moment) {
        self.id = id
        self.address = address
        self.port = port
        self.credentials = [
            Identity(scheme: "ip", id: ByteString(AddressCredential.text(of: address)))
        ]
        self.statistics = ConnectionStatistics(establishedAt: now.wallMilliseconds)
    }

    var isOpen: Bool { state != .closing }
    /// Whether its next request has to wait until some of its output has left.
    var owesEnough: Bool { output.count >= Connection.outputEnough }
}

/// What `cons` shows of a connection.
struct ConnectionStatistics {
    let establishedAt: Int64
    var received: Int64 = 0
    var sent: Int64 = 0
    var lastOperation: OpCode?
    var lastXid: Xid?
    var lastZxid = Zxid.none
    /// Wall clock milliseconds of the last reply.
    var lastResponseAt: Int64 = 0
    var latency = LatencyStatistics()
    var lastLatency: Int64 = 0

    /// Back to nothing, as `crst` does.
    mutating func reset() {
        self = ConnectionStatistics(establishedAt: establishedAt)
    }
}

/// Least, mean and greatest of the milliseconds that requests took.
struct LatencyStatistics {
    private(set) var count: Int64 = 0
    private(set) var total: Int64 = 0
    private(set) var least: Int64 = .max
    private(set) var greatest: Int64 = 0

    mutating func record(_ milliseconds: Int64) {
        count += 1
        total += milliseconds
        least = min(least, milliseconds)
        greatest = max(greatest, milliseconds)
    }

    /// 0 before the first request.
    var minimum: Int64 { count == 0 ? 0 : least }
    /// Up to four decimals, at least one.
    var average: String {
        guard count > 0 else { return "0.0" }
        let tenThousandths = (total * 10_000 + count / 2) / count
        var digits = String(tenThousandths % 10_000)
        digits = String(repeating: "0", count: 4 - digits.utf8.count) + digits
        while digits.utf8.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        return "\(tenThousandths / 10_000).\(digits)"
    }
}
