// Sees from outside that the process of a server has ended, and that it is another one.

internal import Dispatch
internal import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Watches a server from its making until its end, or until it was seen to restart.
///
/// It holds a connection, and asks again as soon as that goes. A server that has lost its leader
/// closes its connections too, and answers all the same; one that has gone answers nothing.
/// Where somebody else takes the server's place at once, figures that only grow are smaller.
final class RestartWatch: Sendable {
    private let place: ServerPlace
    private let state = Mutex((isOver: false, hasSeenRestart: false))

    /// Looks at how the server is now, and then watches.
    init(_ place: ServerPlace) {
        self.place = place
        let before = ProcessFigures(of: place)
        DispatchQueue.global().async { [self] in watch(since: before) }
    }

    /// Whether the process that ran at first has gone.
    var hasSeenRestart: Bool { state.withLock { $0.hasSeenRestart } }

    /// Watches no longer.
    func end() { state.withLock { $0.isOver = true } }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func watch(since before: ProcessFigures) {
        while !isOver {
            switch Knock.answer(of: place) {
            case .nothing: return note()
            case .something where ProcessFigures(of: place) < before: return note()
            case .something: Knock.hold(place) { isOver }
            // A busy server, or a host that is away: no sign of either.
            case .unknown: LocalEnsemble.sleep(milliseconds: 20)
            }
        }
    }

    private func note() { state.withLock { $0.hasSeenRestart = true } }
}

/// Asks whether a program is there.
enum Knock {
    /// What came of it.
    enum Answer {
        /// Nobody listens, or somebody who has nothing to say: what publishes the port of a container
        /// takes connections for one that is not there.
        case nothing
        case something
        case unknown
    }

    private static let patience = 1.0

    /// What is there now.
    static func answer(of place: ServerPlace) -> Answer {
        let answers = FourLetterClient.resolve(place.host, place.port).map { ask($0) }
        if answers.contains(.something) { return .something }
        return answers.isEmpty || answers.contains(.unknown) ? .unknown : .nothing
    }

    private static func ask(_ address: [UInt8]) -> Answer {
        let end = LocalEnsemble.seconds() + patience
        let (descriptor, failure) = connect(address, until: end)
        guard descriptor >= 0 else { return failure == ECONNREFUSED ? .nothing : .unknown }
        defer { _ = Platform.close(descriptor) }
        guard Platform.send(Array("srvr".utf8), to: descriptor) else { return .nothing }
        guard isReady(descriptor, POLLIN, until: end) else { return .unknown }
        var buffer = [UInt8](repeating: 0, count: 64)
        return Platform.read(descriptor, &buffer) > 0 ? .something : .nothing
    }

    /// Stays connected until the other side ends it, for a second at most: the host of a connection
    /// may be gone without a word.
    static func hold(_ place: ServerPlace, until isOver: () -> Bool) {
        let end = LocalEnsemble.seconds() + patience
        for address in FourLetterClient.resolve(place.host, place.port) {
            let (descriptor, _) = connect(address, until: end)
            guard descriptor >= 0 else { continue }
            defer { _ = Platform.close(descriptor) }
            while !isOver(), LocalEnsemble.seconds() < end {
                let soon = min(end, LocalEnsemble.seconds() + 0.1)
                if isReady(descriptor, POLLIN, until: soon) { return }
            }
            return
        }
    }

    private static func connect(
        _ address: [UInt8], until end: Double
    ) -> (descriptor: CInt, failure: CInt) {
        let descriptor = Platform.connectWithoutWaiting(address)
        guard descriptor >= 0 else { return (-1, errno) }
        let isConnected = isReady(descriptor, POLLOUT, until: end)
        let failure = isConnected ? Platform.failure(of: descriptor) : ETIMEDOUT
        guard failure != 0 else { return (descriptor, 0) }
        _ = Platform.close(descriptor)
        return (-1, failure)
    }

    private static func isReady(
        _ descriptor: CInt, _ events: CInt, until end: Double
    ) -> Bool {
        var polled = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
        while true {
            let left = (end - LocalEnsemble.seconds()) * 1000
            guard left > 0 else { return false }
            let count = unsafe poll(&polled, 1, CInt(clamping: Int(left.rounded(.up))))
            if count > 0 { return true }
            guard count == 0 || errno == EINTR else { return false }
        }
    }
}

/// Figures of a process that only grow.
///
/// `zk_uptime` of Apache ZooKeeper's servers is not among them: it begins anew with every leader.
struct ProcessFigures: Equatable {
    private static let names: [Substring] = [
        "zk_bytes_received_count", "zk_looking_count", "zk_connection_request_count",
        "zk_cnt_fsynctime", "zk_cnt_election_time", "zk_cnt_dbinittime",
        "zk_cnt_snapshottime",
    ]
    private var values: [Substring: Int] = [:]

    init(_ figures: ServerFigures) {
        for name in ProcessFigures.names { values[name] = figures.count(name) }
        if figures["zk_version"]?.contains("aviary") ?? false {
            values["zk_uptime"] = figures.count("zk_uptime")
        }
    }

    fileprivate init(of place: ServerPlace) {
        self.init(ServerFigures(ServerPlace.ask("mntr", [place])[0]))
    }

    /// Whether these are of a process that has begun later.
    static func < (new: ProcessFigures, old: ProcessFigures) -> Bool {
        names.contains { name in isLess(new, old, name) } || isLess(new, old, "zk_uptime")
    }

    private static func isLess(
        _ new: ProcessFigures, _ old: ProcessFigures, _ name: Substring
    ) -> Bool {
        guard let before = old.values[name], let now = new.values[name] else { return false }
        return now < before
    }
}
