import Jute
import Records

/// A client of the simulation, and what it knows that must stay true.
struct SimulatedClient {
    enum State: Equatable {
        case disconnected
        case dialing
        case connecting
        case connected
        /// It is gone for good, without a word.
        case vanished
    }

    enum Operation: Equatable {
        case create(Path)
        case createEphemeral(Path)
        case set(Path)
        case get(Path)
        case exists(Path)
        case sync
        case ping
        case list
        case reconfigure(joining: String?, leaving: String?)
        case handOver(to: Int)
        case close
    }

    struct Pending {
        var xid: Xid
        var operation: Operation
        var sentAt: Int64
    }

    let number: Int
    let host: Int
    var state = State.disconnected
    /// Inspectors stay with one server.
    var home: Int?
    var target = 0
    var end: SimulatedNetwork.End?
    var unread: [UInt8] = []
    var session = SessionID.none
    var password: [UInt8]?
    var lastXid: Int32 = 0
    var pending: [Pending] = []
    /// When something was heard last.
    var lastHeard: Int64 = 0
    // What this session has seen; a new session begins anew.
    var lastZxid = Zxid.zero
    /// The newest state of a znode that was seen.
    var seen: [Path: Zxid] = [:]
    /// An ephemeral that is there as long as the session lives.
    var ephemeral: Path?
    var operationCount = 0
    var sessionCount = 0
    /// What an inspector has found: names and zxids of the last change.
    var names: [Path] = []
    var found: [Path: Zxid] = [:]
    var isDone = false
    var wantsList = true

    init(number: Int, host: Int) {
        self.number = number
        self.host = host
    }

    mutating func disconnect() {
        end = nil
        unread = []
        pending = []
        if state != .vanished { state = .disconnected }
    }

    /// The server does not know the session any more.
    mutating func forgetSession() {
        session = .none
        password = nil
        lastZxid = .zero
        seen = [:]
        ephemeral = nil
    }

    mutating func frame(_ operation: Operation, now: Int64) -> [UInt8] {
        var writer = JuteWriter()
        let start = writer.beginFrame()
        var xid = Xid.ping
        if operation != .ping {
            lastXid += 1
            xid = Xid(lastXid)
        }
        pending.append(Pending(xid: xid, operation: operation, sentAt: now))
        func header(_ type: OpCode) {
            RequestHeader(xid: xid, type: type).write(to: &writer)
        }
        let data = Array("\(number):\(lastXid)".utf8)
        switch operation {
        case .create(let path), .createEphemeral(let path):
            header(.create)
            let isEphemeral = operation == .createEphemeral(path)
            CreateRequest(path: path, data: data, acl: [.anyone], flags: isEphemeral ? 1 : 0)
                .write(to: &writer)
        case .set(let path):
            header(.setData)
            SetDataRequest(path: path, data: data, version: -1).write(to: &writer)
        case .get(let path):
            header(.getData)
            WatchableRequest(path: path, watch: false).write(to: &writer)
        case .exists(let path):
            header(.exists)
            WatchableRequest(path: path, watch: false).write(to: &writer)
        case .sync:
            header(.sync)
            writer.writeBuffer(Path.root.bytes)
        case .ping: header(.ping)
        case .list:
            header(.getChildren)
            WatchableRequest(path: .root, watch: false).write(to: &writer)
        case .reconfigure(let joining, let leaving):
            header(.reconfig)
            ReconfigRequest(
                joining: joining.map { ByteString($0) }, leaving: leaving.map { ByteString($0) },
                members: nil, version: -1
            ).write(to: &writer)
        case .handOver(let server):
            header(.reconfig)
            ReconfigRequest(
                joining: nil, leaving: nil, members: ByteString("leader=\(server)"), version: -1
            ).write(to: &writer)
        case .close: header(.closeSession)
        }
        writer.endFrame(start)
        return writer.copyBytes()
    }

    /// The connect request for the session it has, or a new one.
    func connectFrame() -> [UInt8] {
        var writer = JuteWriter()
        let start = writer.beginFrame()
        ConnectRequest(
            lastZxidSeen: lastZxid, timeout: 1500, session: session, password: password,
            readOnly: false
        ).write(to: &writer)
        writer.endFrame(start)
        return writer.copyBytes()
    }
}

extension ACL {
    /// Everybody may do everything.
    fileprivate static let anyone = ACL(
        permissions: Permissions(rawValue: 31), identity: Identity(scheme: "world", id: "anyone"))
}
