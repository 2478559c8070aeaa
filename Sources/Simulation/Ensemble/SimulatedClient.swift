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
        /// If it still has that version.
        case replace(Path, version: Int32)
        case get(Path)
        case exists(Path)
        case createNumbered
        /// Two znodes, or none.
        case createTwo(Path, Path)
        /// A znode that is deleted later.
        case createForNow(Path)
        case delete(Path)
        /// A znode, and a check that fails.
        case createNever(Path)
        case watch(Path)
        /// Whether it is there yet, with a watch that says when it is.
        case await(Path)
        /// The root's children, with a watch.
        case watchChildren
        /// The watches of the connection before.
        case setWatches
        /// An ephemeral of a session that is gone.
        case existsNoMore(Path)
        case sync
        case ping
        case list
        case reconfigure(joining: String?, leaving: String?, version: Int64)
        case handOver(to: Int)
        case close
    }

    /// Watches that have not gone off.
    struct Watches {
        /// Znodes, and which change of them was seen.
        var changes: [Path: Zxid] = [:]
        /// Znodes that were not there.
        var creations: Set<Path> = []
        /// How many children the root had when they were looked at with a watch.
        var children: Int32?

        var isEmpty: Bool { changes.isEmpty && creations.isEmpty && children == nil }
    }

    struct Pending {
        var xid: Xid
        var operation: Operation
        var sentAt: Int64
        /// The newest write that any client had been told of.
        var lastWrite: Zxid
        /// What it writes, if it writes something.
        var data: [UInt8]
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
    /// What connections that are gone have left without an answer.
    private var unanswered: [Operation] = []
    /// When something was heard last.
    var lastHeard: Int64 = 0
    // What this session has seen; a new session begins anew.
    var lastZxid = Zxid.zero
    /// The newest state of a znode that was seen.
    var seen: [Path: Zxid] = [:]
    /// Its version.
    var versions: [Path: Int32] = [:]
    /// Znodes that it has created and not asked to be deleted yet.
    var passing: [Path] = []
    /// How often it has dialed.
    var dialCount = 0
    /// An ephemeral that is there as long as the session lives.
    var ephemeral: Path?
    /// Those of sessions that are gone.
    var formerEphemerals: [Path] = []
    /// What its session has watches on.
    var watches = Watches()
    var operationCount = 0
    var sessionCount = 0
    /// What an inspector has found: names, once there are those that stay alone, and zxids of the
    /// last change.
    var names: [Path]?
    var found: [Path: Zxid] = [:]
    var isDone = false
    var wantsList = true
    /// Whether it is the session of an operator.
    var isOperator = false

    init(number: Int, host: Int) {
        self.number = number
        self.host = host
    }

    /// What may be asked for once more, and forgets it.
    mutating func takeUnanswered() -> [Operation] {
        defer { unanswered = [] }
        return unanswered
    }

    mutating func disconnect() {
        end = nil
        unread = []
        unanswered += pending.map(\.operation).filter(\.isRepeatable)
        pending = []
        if state != .vanished { state = .disconnected }
    }

    /// The session has ended, as the client wished or because nobody heard of it, and that is
    /// committed.
    mutating func forgetSession() {
        session = .none
        password = nil
        lastZxid = .zero
        seen = [:]
        watches = Watches()
        if let ephemeral { formerEphemerals.append(ephemeral) }
        ephemeral = nil
    }

    /// A request, which waits for its answer from here on.
    mutating func frame(
        _ operation: Operation, now: Int64, lastWrite: Zxid, padding: Int
    ) -> [UInt8] {
        var writer = JuteWriter()
        let start = writer.beginFrame()
        var xid = operation == .ping ? Xid.ping : .setWatches
        if operation != .ping, operation != .setWatches {
            lastXid += 1
            xid = Xid(lastXid)
        }
        let data = Array("\(number):\(lastXid)".utf8) + [UInt8](repeating: 7, count: padding)
        pending.append(
            Pending(
                xid: xid, operation: operation, sentAt: now, lastWrite: lastWrite, data: data))
        write(operation, xid, data, to: &writer)
        writer.endFrame(start)
        return writer.copyBytes()
    }

    private func write(
        _ operation: Operation, _ xid: Xid, _ data: [UInt8], to writer: inout JuteWriter
    ) {
        func header(_ type: OpCode) {
            RequestHeader(xid: xid, type: type).write(to: &writer)
        }
        switch operation {
        case .create(let path), .createEphemeral(let path), .createForNow(let path):
            header(.create)
            let isEphemeral = operation == .createEphemeral(path)
            CreateRequest(path: path, data: data, acl: [.anyone], flags: isEphemeral ? 1 : 0)
                .write(to: &writer)
        case .set(let path):
            header(.setData)
            SetDataRequest(path: path, data: data, version: -1).write(to: &writer)
        case .replace(let path, let version):
            header(.setData)
            SetDataRequest(path: path, data: data, version: version).write(to: &writer)
        case .delete(let path):
            header(.delete)
            DeleteRequest(path: path, version: -1).write(to: &writer)
        case .get(let path), .watch(let path):
            header(.getData)
            let isWatching = operation == .watch(path)
            WatchableRequest(path: path, watch: isWatching).write(to: &writer)
        case .createNumbered:
            header(.create)
            CreateRequest(path: "/s", data: data, acl: [.anyone], flags: 2).write(to: &writer)
        case .createTwo, .createNever:
            header(.multi)
            operation.writeParts(data, to: &writer)
        case .exists(let path), .existsNoMore(let path), .await(let path):
            header(.exists)
            let isWatching = operation == .await(path)
            WatchableRequest(path: path, watch: isWatching).write(to: &writer)
        case .sync:
            header(.sync)
            writer.writeBuffer(Path.root.bytes)
        case .ping: header(.ping)
        case .list, .watchChildren:
            header(.getChildren)
            WatchableRequest(path: .root, watch: operation == .watchChildren).write(to: &writer)
        case .setWatches:
            header(.setWatches)
            SetWatchesRequest(
                relativeZxid: lastZxid, dataWatches: watches.changes.keys.sorted(),
                existWatches: watches.creations.sorted(),
                childWatches: watches.children == nil ? [] : [.root]
            ).write(to: &writer)
        case .reconfigure(let joining, let leaving, let version):
            header(.reconfig)
            ReconfigRequest(
                joining: joining.map { ByteString($0) }, leaving: leaving.map { ByteString($0) },
                members: nil, version: version
            ).write(to: &writer)
        case .handOver(let server):
            header(.reconfig)
            ReconfigRequest(
                joining: nil, leaving: nil, members: ByteString("leader=\(server)"), version: -1
            ).write(to: &writer)
        case .close: header(.closeSession)
        }
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

extension SimulatedClient.Operation {
    /// Whether it may take place twice, or once more with nothing done.
    fileprivate var isRepeatable: Bool {
        switch self {
        case .set, .createTwo: true
        default: false
        }
    }

    /// The parts of a multi.
    fileprivate func writeParts(_ data: [UInt8], to writer: inout JuteWriter) {
        func part(_ type: OpCode) {
            MultiHeader(type: type, error: ErrorCode(rawValue: -1)).write(to: &writer)
        }
        func create(_ path: Path) {
            part(.create)
            CreateRequest(path: path, data: data, acl: [.anyone], flags: 0).write(to: &writer)
        }
        switch self {
        case .createTwo(let one, let other):
            create(one)
            create(other)
        case .createNever(let path):
            create(path)
            part(.check)
            CheckVersionRequest(path: .root, version: 4711).write(to: &writer)
        default: break
        }
        MultiHeader.end.write(to: &writer)
    }
}

extension ACL {
    /// Everybody may do everything.
    fileprivate static let anyone = ACL(
        permissions: Permissions(rawValue: 31), identity: Identity(scheme: "world", id: "anyone"))
}
