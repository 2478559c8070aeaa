import Jute
import Quorum
import Records

/// An ensemble of quorum peers over simulated network, disks and clock, all from one seed.
///
/// It first does its worst for a while and only looks whether anything unsafe happens, then heals
/// everything and expects that the ensemble works again. Time is in microseconds.
public final class QuorumSimulation {
    /// What is going to happen.
    enum Event {
        case transit(SimulatedNetwork.Transit)
        case closed(SimulatedNetwork.End, host: Int)
        case deadline(host: Int, life: Int)
        case synced(host: Int, life: Int, generation: Int, count: Int)
        case logRead(host: Int, life: Int, LinkID)
        case start(host: Int)
        case write
        case chaos
    }

    /// How the ensemble and its misfortunes are made.
    public struct Options: Sendable {
        /// Microseconds of misfortunes.
        public var chaosTime: Int64 = 4_000_000
        /// Microseconds in which all must be well afterwards.
        public var calmTime: Int64 = 20_000_000
        /// What of the seed's run is left out.
        public var limits = RunLimits()
        /// Whether every step is printed.
        public var isTraced = false

        /// The options of the test run.
        public init() {}
    }

    static let quorumPort = 1
    static let electionPort = 2
    static let tickTime: Int64 = 200

    /// The seed of this run.
    public let seed: UInt64
    let options: Options
    var random: SeededGenerator
    var network: SimulatedNetwork
    var queue = EventQueue<Event>()
    var now: Int64 = 0
    var servers: [SimulatedPeer] = []
    let membership: Membership
    var checker: QuorumChecker
    let packetChecker = PacketChecker()
    var faults: FaultSchedule
    var lastWord: LastWord?
    /// What is said once more over new election links.
    var echo: ElectionEcho
    var isCalm = false
    var lastOperation: UInt64 = 0
    /// Operations that a client was told are done.
    var acknowledged: Set<UInt64> = []
    /// Out of 100000 effects, how many a server dies before.
    let suddenDeaths: Int
    /// How many events were handled.
    public private(set) var eventCount = 0
    /// What went wrong first.
    public private(set) var failure: String?
    /// What happened how often; tells whether a run reached what it was made for.
    public internal(set) var counts: [String: Int] = [:]

    /// An ensemble of three to five participants and up to two observers.
    public init(seed: UInt64, options: Options = Options()) {
        self.seed = seed
        self.options = options
        var random = SeededGenerator(seed: seed)
        self.network = SimulatedNetwork(random: random.fork())
        let voters = [3, 3, 3, 5, 5, 4][random.below(6)]
        let observers = [0, 0, 1, 2][random.below(4)]
        let members = (1...voters + observers).map { number in
            let host = Endpoint(host: "host", port: UInt16(number))
            return Member(
                id: ServerID(Int64(number)), quorum: host, election: host, client: nil,
                role: number <= voters ? .participant : .observer)
        }
        self.membership = Membership(version: 0, members: members)
        self.checker = QuorumChecker(membership: membership)
        let isNew = random.chance(1, in: 2)
        self.faults = FaultSchedule(
            QuorumSimulation.faultKinds, random: random.fork(), limits: options.limits)
        self.suddenDeaths = [0, 30, 30, 100][random.below(4)]
        let areClocksSkewed = random.chance(1, in: 2)
        self.echo = ElectionEcho(random: random.fork())
        for member in members {
            let server = SimulatedPeer(member: member, disk: isNew ? ToyDisk() : .begun)
            if areClocksSkewed { server.clock.rate = random.number(900...1100) }
            servers.append(server)
        }
        if !isNew, random.chance(1, in: 2) {
            // Some have promised themselves to leaders that never came to be.
            for number in 0..<(voters - 1) / 2 {
                servers[number].disk.persistAccepted(Epoch(Int32(random.number(1...4))))
            }
        }
        self.random = random
    }

    /// Runs to the end; nil if all went well.
    public func run() -> String? {
        for host in servers.indices {
            queue.schedule(.start(host: host), at: random.number(0...300_000))
        }
        queue.schedule(.write, at: 100_000)
        queue.schedule(.chaos, at: 200_000)
        run(until: options.limits.chaosTime ?? options.chaosTime)
        heal()
        let end = now + options.calmTime
        while failure == nil, now < end, !isSettled {
            run(until: min(end, now + 500_000))
            relieve()
        }
        if failure == nil, !isSettled { fail("not settled after healing: \(summary)") }
        if failure == nil { checkEnd() }
        counts["echoed"] = echo.count
        return failure
    }

    private func run(until end: Int64) {
        while failure == nil, let time = queue.nextTime, time <= end {
            guard let (time, event) = queue.popFirst() else { return }
            now = time
            eventCount += 1
            handle(event)
            if eventCount > 3_000_000 { fail("the simulation does not come to an end") }
        }
        if failure == nil { now = max(now, end) }
    }

    /// Whom an event happens to, if it waits for a process that is stopped.
    private func host(of event: Event) -> Int? {
        switch event {
        case .transit(let transit): network.destination(of: transit)
        case .closed(_, let host), .deadline(let host, _), .synced(let host, _, _, _),
            .logRead(let host, _, _):
            host
        case .start, .write, .chaos: nil
        }
    }

    private func handle(_ event: Event) {
        if let host = host(of: event), servers[host].stoppedUntil > now {
            queue.schedule(event, at: servers[host].stoppedUntil)
            return
        }
        switch event {
        case .transit(let transit):
            if let (host, end, event) = network.arrive(transit, now: now) {
                deliver(event, at: end, to: host)
            }
        case .closed(let end, let host):
            deliver(.closed, at: end, to: host)
        case .deadline(let host, let life):
            guard servers[host].life == life, servers[host].peer != nil else { return }
            servers[host].timer = nil
            servers[host].peer?.hitDeadline(now: time(host))
            perform(host)
        case .synced(let host, let life, let generation, let count):
            synced(host, life, generation, count)
        case .logRead(let host, let life, let link):
            logRead(host, life, link)
        case .start(let host):
            start(host)
        case .write:
            write()
        case .chaos:
            doHarm()
        }
        schedulePending()
    }

    /// What the network has put under way, and what it has broken.
    func schedulePending() {
        for (transit, time) in network.takeDepartures() {
            queue.schedule(.transit(transit), at: time)
        }
        for (end, host) in network.takeResets() {
            queue.schedule(.closed(end, host: host), at: now + random.number(10...2000))
        }
    }

    /// What the clock of a server shows.
    func time(_ host: Int) -> Int64 { servers[host].clock.milliseconds(at: now) }

    // MARK: For tests and people

    /// Its own time so far, in microseconds.
    public var elapsed: Int64 { now }
    /// The misfortunes that came, and when.
    public var misfortunes: [(number: Int, fault: Fault, time: Int64)] { faults.history }
    /// How many misfortunes there were, also those left out.
    public var faultCount: Int { faults.count }
    /// How many things clients did.
    public var operationCount: Int { Int(lastOperation) }

    func fail(_ reason: String) {
        if failure == nil {
            failure = "seed \(seed), \(now) us: \(reason)"
            trace { reason }
        }
    }

    func trace(_ text: () -> String) {
        if options.isTraced { print("\(now) \(text())") }
    }

    func count(_ name: String) { counts[name, default: 0] += 1 }

    /// A line per server.
    var summary: String {
        servers.map { server in
            guard let status = server.peer?.status else { return "\(server.member.id) down" }
            return
                "\(server.member.id) \(status.role) \(status.phase) epoch \(status.currentEpoch)"
                + "/\(status.acceptedEpoch) logged \(status.lastLogged)"
                + " committed \(status.lastCommitted)"
        }.joined(separator: "; ")
    }
}
