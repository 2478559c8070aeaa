import Configuration
import NIOCore
import NIOPosix
import Quorum
import Records
import ServerCore
import Storage

/// Puts a server together from its parts, and takes it apart again.
final class RunningServer {
    let files: ServerFiles
    let directories: DataDirectories
    private let fileSystem: any FileSystem
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let logPool = NIOThreadPool(numberOfThreads: 1)
    private let snapshotPool = NIOThreadPool(numberOfThreads: 1)
    private let identity: ServerIdentity?
    let serverLog: ServerLog
    /// Serves HTTP, where it is wanted.
    private(set) lazy var httpGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let inherited = InheritedSockets()
    /// TLS for clients, where there is any.
    let clientTLS: TLSContext?
    /// TLS between servers, where there is any.
    let peerSecurity: PeerSecurity?
    /// TLS for administrators, where there is any.
    let adminSecurity: PeerSecurity?

    init(
        _ files: ServerFiles, _ directories: DataDirectories, _ fileSystem: any FileSystem,
        _ identity: ServerIdentity?, _ log: LogOptions
    ) throws(TLSProblem) {
        self.files = files
        self.clientTLS = try RunningServer.clientTLS(files.configuration, in: fileSystem)
        self.peerSecurity = try RunningServer.peerSecurity(files.configuration, in: fileSystem)
        self.adminSecurity = try RunningServer.adminSecurity(files.configuration, in: fileSystem)
        self.directories = directories
        self.fileSystem = fileSystem
        self.identity = identity
        self.serverLog = ServerLog(
            name: files.configuration.isStandalone ? "standalone" : "myid:\(files.server)", log)
    }

    /// Runs until a signal or a failure; returns the exit code.
    func run() -> Int32 {
        logPool.start()
        snapshotPool.start()
        let loop = group.next()
        let ended = loop.makePromise(of: Int32.self)
        let this = UncheckedBox(self)
        let host = loop.makePromise(of: NIOLoopBound<ReplicaHost>.self)
        loop.execute { this.value.start(on: loop, ended, host) }
        let signals = StopSignals { ended.succeed(0) }
        audit("serverStart", "success")
        let code = (try? ended.futureResult.wait()) ?? 1
        audit("serverStop", "invoked")
        signals.stop()
        serverLog.write(.info, "stopping")
        stop(host.futureResult, loop)
        return code
    }

    /// Writes what is queued, so that a clean stop loses nothing at all.
    private func stop(_ host: EventLoopFuture<NIOLoopBound<ReplicaHost>>, _ loop: any EventLoop) {
        _ = try? host.flatMapThrowing { try $0.value.stop() }.wait()
        try? logPool.syncShutdownGracefully()
        try? snapshotPool.syncShutdownGracefully()
        // The loop last: the others report to it.
        try? group.syncShutdownGracefully()
    }

    private func start(
        on loop: any EventLoop, _ ended: EventLoopPromise<Int32>,
        _ started: EventLoopPromise<NIOLoopBound<ReplicaHost>>
    ) {
        let reference = HostReference()
        let disk = makeDisk(loop, reference)
        let replica = Replica(
            settings: settings(), disk: disk, seed: UInt64.random(in: .min ... .max),
            now: Clock.now())
        let host = ReplicaHost(replica: replica, loop: loop, serverLog: serverLog)
        reference.host = host
        host.disk = disk
        disk.recovered = { replica.metrics.record(.dbinittime, $0) }
        host.ended = { ended.succeed($0) }
        started.succeed(NIOLoopBound(host, eventLoop: loop))
        if !files.configuration.isStandalone { joinPeers(host) }
        host.start()
        let port = openClientPorts(host, ended)
        let server = files.server
        let serverLog = serverLog
        let identity = identity
        host.membershipChanged = { membership in
            do throws(StorageError) { try identity?.noteCommitted(membership) } catch {
                serverLog.write(.warning, String(describing: error))
            }
            guard let member = membership.member(server) else { return }
            host.links?.move(to: member)
            if let client = member.client { port?.move(to: client) }
        }
        schedulePurge(disk, loop)
        watchMemory(loop)
        administer(host)
    }

    private func makeDisk(_ loop: any EventLoop, _ reference: HostReference) -> ServerDisk {
        let configuration = files.configuration
        var options = TransactionLog.Options()
        options.preallocationMax = min(Int64(configuration.preallocationSize), 4 << 20)
        options.fileSizeMax = configuration.logFileSizeMax > 0 ? configuration.logFileSizeMax : nil
        options.isSyncForced = configuration.forceSync
        let host = NIOLoopBound(reference, eventLoop: loop)
        let worker = LogWorker(
            TransactionLog(in: directories.logs, of: fileSystem, options: options), pool: logPool
        ) { generation, result in
            loop.execute { host.value.host?.logged(generation, result) }
        }
        let compression = configuration.snapshotCompression.flatMap {
            SnapshotCompression(rawValue: $0)
        }
        let snapshots = SnapshotWorker(
            directories, in: fileSystem, compression: compression, pool: snapshotPool
        ) { error in
            loop.execute { host.value.host?.snapshotWritten(error) }
        }
        let reader = LogReadWorker(directories, in: fileSystem, pool: snapshotPool) {
            link, outcome in
            loop.execute { host.value.host?.logRead(link, outcome) }
        }
        var recovery = RecoveryOptions()
        recovery.isCreatingDatabase = configuration.createsDatabase
        recovery.isTrustingEmpty = configuration.trustsEmptySnapshot
        recovery.recentCountMax = configuration.committedLogCountMax
        return ServerDisk(
            directories, in: fileSystem, recovery: recovery, compression: compression, log: worker,
            snapshots: snapshots, logReader: reader)
    }

    private func joinPeers(_ host: ReplicaHost) {
        guard let member = files.membership.member(files.server) else { return }
        let listeners = PeerListeners(
            member: member, listensOnAllAddresses: files.configuration.quorumListenOnAllAddresses,
            observerMasterPort: files.configuration.observerMasterPort, inherited: inherited,
            loop: host.loop)
        let links = PeerTransport(
            host: host, listeners: listeners,
            connectTimeout: .milliseconds(Int64(files.configuration.connectTimeout)),
            security: peerSecurity, logins: files.peerLogins)
        if let peerSecurity { watch(peerSecurity.context, "servers", host.loop) }
        host.links = links
        if files.configuration.reconfigEnabled {
            let serverLog = serverLog
            host.memberships = MembershipFiles(
                files.path, text: files.text, files.configuration, server: files.server,
                membership: files.membership, in: fileSystem
            ) { level, text in serverLog.write(level, text) }
        }
        links.start()
    }

    private func watchMemory(_ loop: any EventLoop) {
        guard let limit = MemoryLimit.bytes else { return }
        serverLog.write(.info, "memory is limited to \(limit >> 20) MB")
        let serverLog = serverLog
        let watch = NIOLoopBoundBox(MemoryWatch(limit: limit), eventLoop: loop)
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: MemoryWatch.interval) { _ in
            guard let size = ProcessMetrics.residentSize,
                let words = watch.value.used(size)
            else { return }
            serverLog.write(.warning, words)
        }
    }

    private func schedulePurge(_ disk: ServerDisk, _ loop: any EventLoop) {
        let hours = files.configuration.purgeIntervalHours
        guard hours > 0 else { return }
        let bound = NIOLoopBound(disk, eventLoop: loop)
        let kept = files.configuration.purgeRetainCount
        let serverLog = serverLog
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: .hours(Int64(hours))) { _ in
            bound.value.purge(keeping: kept) { result in
                switch result {
                case .success(let count):
                    serverLog.write(.info, "purged \(count) old snapshots and logs")
                case .failure(let error): serverLog.write(.warning, String(describing: error))
                }
            }
        }
    }
}

/// The host as the disk's threads find it: it exists only after the disk.
final class HostReference {
    var host: ReplicaHost?
}

/// Carries a value to the loop that is its only user from then on.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
