import NIOCore
import Quorum
import Records
import ServerCore
import Storage

/// Runs a replica on one event loop: gives it what happens, and does what it asks.
///
/// Everything here is confined to that loop.
final class ReplicaHost {
    let loop: any EventLoop
    let replica: Replica
    private let allocator = ByteBufferAllocator()
    private var clients: [ConnectionID: ClientHandler] = [:]
    /// What all clients together may leave unread.
    let outputBound = OutputBound(sizeMax: MemoryLimit.share(4, most: 512 << 20))
    private var lastConnection: Int64 = 0
    private var deadline: (time: Int64, task: Scheduled<Void>)?
    private var isPerforming = false
    private var isStopped = false
    var disk: ServerDisk?
    /// Connections between servers; nil on a standalone server.
    var links: PeerTransport?
    let serverLog: ServerLog
    /// Writes the membership to files.
    var memberships: MembershipFiles?
    /// Hears of the configuration that is in force.
    var membershipChanged: ((Membership) -> Void)?
    /// Called once when the server cannot go on.
    var ended: ((Int32) -> Void)?

    init(replica: Replica, loop: any EventLoop, serverLog: ServerLog) {
        self.replica = replica
        self.loop = loop
        self.serverLog = serverLog
    }

    /// Reads the database and begins.
    func start() {
        loop.assertInEventLoop()
        replica.start(Clock.now())
        perform()
    }

    /// Makes the disk hold all that was queued, and does nothing any more: what the connections
    /// that now close have to say concerns nobody.
    func stop() throws(StorageError) {
        isStopped = true
        deadline?.task.cancel()
        deadline = nil
        disk?.logReader.stopAll()
        try disk?.flush()
    }

    // MARK: The disk

    /// The log's thread has made entries durable, or failed to.
    func logged(_ generation: Int, _ result: Result<LogSync, StorageError>) {
        guard generation == disk?.generation else { return }
        switch result {
        case .success(let sync):
            replica.measuredSync(entryCount: sync.entryCount, milliseconds: sync.milliseconds)
            tell { $0.logged(through: sync.zxid, $1) }
        case .failure(let error): tell { $0.diskFailed(error, $1) }
        }
    }

    /// The snapshot's thread has written a piece, or failed to.
    func snapshotWritten(_ error: StorageError?) {
        if let error {
            tell { $0.snapshotFailed(String(describing: error), $1) }
        } else {
            tell { $0.snapshotChunkWritten($1) }
        }
    }

    /// A piece of the log has been read for a learner, or cannot be.
    func logRead(_ link: LinkID, _ outcome: LogReadWorker.Outcome) {
        switch outcome {
        case .piece(let entries, let isLast):
            tell { $0.logRead(link, entries, isLast: isLast, $1) }
        case .refused(let reason): tell { $0.logReadFailed(link, reason, $1) }
        }
    }

    // MARK: Clients

    func connected(_ handler: ClientHandler, address: [UInt8], port: UInt16) -> ConnectionID? {
        lastConnection += 1
        let id = ConnectionID(lastConnection)
        guard replica.clientConnected(id, address: address, port: port, Clock.now()) else {
            perform()
            return nil
        }
        clients[id] = handler
        // It may say nothing at all, for which it is closed some day.
        scheduleDeadline()
        return id
    }

    func disconnected(_ id: ConnectionID) {
        guard clients.removeValue(forKey: id) != nil else { return }
        replica.clientClosed(id, Clock.now())
        perform()
    }

    // MARK: Effects

    /// Runs `event` on the replica at this moment and does what follows.
    func tell(_ event: (Replica, Moment) -> Void) {
        event(replica, Clock.now())
        perform()
    }

    /// Writes what clients are owed and performs effects, until there are none.
    ///
    /// Performing one may make others; the outermost call does them all, so that order is kept.
    func perform() {
        guard !isPerforming, !isStopped else { return }
        isPerforming = true
        repeat {
            replica.drainOutput { id, bytes in
                guard let client = clients[id] else { return }
                var buffer = allocator.buffer(capacity: bytes.byteCount)
                buffer.writeBytes(bytes)
                client.write(buffer)
            }
            for effect in replica.takeEffects() { perform(effect) }
        } while replica.hasEffects
        links?.flush()
        isPerforming = false
        scheduleDeadline()
    }

    private func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .closeClient(let id): clients.removeValue(forKey: id)?.closeAfterOutput()
        case .pauseReading(let id): clients[id]?.pause()
        case .resumeReading(let id): clients[id]?.resume()
        case .electionDial(let link, let endpoint): links?.dial(link, endpoint, .election)
        case .electionSend(let link, let bytes), .quorumSend(let link, let bytes):
            links?.send(link, bytes)
        case .electionClose(let link), .quorumClose(let link): links?.close(link)
        case .quorumListen(let listens): links?.listen(.quorum, listens)
        case .observersListen(let listens): links?.listen(.observers, listens)
        case .quorumDial(let link, let endpoint): links?.dial(link, endpoint, .quorum)
        case .readLog(let link, let start, let end, let bytesMax):
            disk?.logReader.begin(link, after: start, through: end, bytesMax: bytesMax)
        case .readMoreLog(let link):
            links?.whenWritten(link) { [weak self] in self?.disk?.logReader.next(link) }
        case .stopReadingLog(let link): disk?.logReader.stop(link)
        case .membershipProposed(let membership): memberships?.proposed(membership)
        case .membershipCommitted(let membership):
            do throws(StorageError) {
                try memberships?.committed(membership)
                membershipChanged?(membership)
            } catch {
                replica.diskFailed(error, Clock.now())
            }
        case .log(let level, let message): serverLog.write(level, message)
        case .fatal(let code, let reason):
            serverLog.write(.error, reason)
            ended?(code)
        }
    }

    private func scheduleDeadline() {
        guard let wanted = replica.nextDeadline else { return }
        if let deadline, deadline.time <= wanted { return }
        deadline?.task.cancel()
        // Never at once: the loop would go on with what is due before it looks at any socket.
        let wait = max(1, wanted - Clock.now().monotonicMilliseconds)
        let host = NIOLoopBound(self, eventLoop: loop)
        let task = loop.scheduleTask(in: .milliseconds(wait)) {
            host.value.deadline = nil
            host.value.tell { $0.hitDeadline($1) }
        }
        deadline = (wanted, task)
    }
}
