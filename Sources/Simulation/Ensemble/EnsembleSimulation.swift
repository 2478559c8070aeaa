import Jute
import Quorum
import Records
import ServerCore

/// Whole servers and their clients over simulated network, disks and clocks, all from one seed.
///
/// What `QuorumSimulation` is for the peers alone, this is for everything between a client's
/// socket and the file system. Time is in microseconds.
public final class EnsembleSimulation {
    enum Event {
        case transit(SimulatedNetwork.Transit)
        case closed(SimulatedNetwork.End, host: Int)
        case deadline(host: Int, life: Int)
        case synced(host: Int, life: Int, count: Int)
        case logRead(host: Int, life: Int, LinkID)
        case start(host: Int)
        case client(Int)
        case stranded(host: Int, StrandedStep)
        case chaos
    }

    static let quorumPort = 1
    static let electionPort = 2
    static let clientPort = 3
    /// Where followers of some runs serve observers; the same number on every host.
    static let observersPort = 4
    /// What lies between the numbers of two ports of one server.
    static let portSpan = 100
    static let tickTime: Int64 = 200

    /// The seed of this run.
    public let seed: UInt64
    let isTraced: Bool
    /// Microseconds of misfortunes.
    let chaosTime: Int64
    /// Microseconds within which the servers start at first.
    let startTime: Int64
    var random: SeededGenerator
    var network: SimulatedNetwork
    var queue = EventQueue<Event>()
    var now: Int64 = 0
    var servers: [SimulatedServer] = []
    var clients: [SimulatedClient] = []
    /// The members at the beginning.
    let membership: Membership
    /// Whether members come and go in this run.
    let isReconfiguring: Bool
    /// Every configuration that was in force anywhere, by its version: there is one of each.
    var configurations: [Membership] = []
    /// Where every second life of a server ends, on top of everything else.
    let powerGoesAt: CrashPoint?
    let limits: RunLimits
    var faults: FaultSchedule
    var lastWord: LastWord?
    /// A server that comes back, and the members change before it serves.
    var latecomer: Int?
    let packetChecker: PacketChecker
    let storageChecker = StorageChecker()
    let promises = ClientPromises()
    /// The digest of the tree at every zxid at which one was seen.
    var digests: [Zxid: (digest: UInt64, server: ServerID)] = [:]
    /// Of 20 idle moments of a client, in how many it goes to another server.
    let restlessness: Int
    let snapshotTransactionCount: Int
    /// Whether servers take a snapshot of all that is logged when they start, as those of Apache
    /// ZooKeeper do, whose directories ours go on with.
    let snapshotsAtStart: Bool
    /// By how much a log is made longer ahead of its end, in bytes at most.
    let preallocationMax: Int64
    /// How many bytes clients write besides what they say.
    let paddingMax: Int
    var operationTotal = 0
    /// Who changes the members step by step in this run, if anybody does.
    let admin: (any SimulatedOperator)?
    /// What the operator has read last: the same text mostly.
    var consulted: (text: [UInt8], membership: Membership)?
    var isOperatorDone = false
    var isCalm = false
    /// Until then clients ask for nothing.
    var quietUntil: Int64 = 0
    /// What is said once more over new election links.
    var echo: ElectionEcho
    /// Whether clients ask once more for what they have no answer to.
    let clientsRepeat: Bool
    var eventCount = 0
    /// What went wrong first.
    public private(set) var failure: String?
    /// What happened how often.
    public internal(set) var counts: [String: Int] = [:]
    /// Paths whose creation was acknowledged; they are never deleted.
    var acknowledged: Set<Path> = []

    /// An ensemble of three or five participants, perhaps an observer, and some clients.
    public init(
        seed: UInt64, chaosTime: Int64? = nil, startTime: Int64 = 300_000,
        limits: RunLimits = RunLimits(), powerGoesAt: CrashPoint? = nil, isTraced: Bool = false,
        operator admin: (any SimulatedOperator)? = nil
    ) {
        self.seed = seed
        self.powerGoesAt = powerGoesAt
        self.limits = limits
        self.admin = admin
        // A planned change has many steps, and misfortunes are to come between all of them.
        self.chaosTime = chaosTime ?? (admin == nil ? 5_000_000 : 12_000_000)
        self.startTime = startTime
        self.isTraced = isTraced
        self.packetChecker = PacketChecker(
            observersKeepLog: EnsembleSimulation.observersKeepLog(seed))
        var random = SeededGenerator(seed: seed)
        self.network = SimulatedNetwork(random: random.fork())
        let voters = admin == nil ? [3, 3, 3, 5][random.below(4)] : 3
        let observers = admin == nil ? [0, 0, 1][random.below(3)] : 0
        self.isReconfiguring = admin != nil || random.chance(1, in: 2)
        let spares = admin != nil ? 9 : isReconfiguring ? random.number(0...2) : 0
        let members = (1...voters + observers).map { number in
            EnsembleSimulation.member(number, number <= voters ? .participant : .observer)
        }
        self.membership = Membership(version: 0, members: members)
        self.faults = FaultSchedule(
            EnsembleSimulation.faultKinds, random: random.fork(), limits: limits)
        self.restlessness = [1, 1, 5, 20][random.below(4)]
        // What a planned change is about are its steps.
        let counts = admin == nil ? [10, 60, 60] : [60, 60, 200]
        self.snapshotTransactionCount = counts[random.below(3)]
        self.snapshotsAtStart = random.chance(1, in: 3)
        self.paddingMax = [0, 0, 2000][random.below(3)]
        let areClocksSkewed = random.chance(1, in: 2)
        self.echo = ElectionEcho(random: random.fork())
        self.clientsRepeat = random.chance(1, in: 2)
        self.preallocationMax = [0, 0, 3000, 20_000][random.below(4)]
        self.random = random
        for number in 1...voters + observers + spares {
            let server = SimulatedServer(
                id: ServerID(Int64(number)), membership: membership,
                isDynamic: isReconfiguring)
            server.clockError = self.random.number(-5000...5000)
            if areClocksSkewed { server.clock.rate = self.random.number(900...1100) }
            server.isKnown = number <= voters + observers
            servers.append(server)
        }
        for number in 0..<(admin == nil ? 4 : 5) {
            var client = SimulatedClient(number: number, host: servers.count + number)
            client.isOperator = number == 4
            clients.append(client)
        }
    }

    /// A server as configurations have it: a port for each of the three, the number in all.
    static func member(_ number: Int, _ role: MemberRole) -> Member {
        func place(_ port: Int) -> Endpoint {
            Endpoint(
                host: ByteString("host\(number)"),
                port: UInt16(number + port * EnsembleSimulation.portSpan))
        }
        return Member(
            id: ServerID(Int64(number)), quorum: place(quorumPort), election: place(electionPort),
            client: place(clientPort), role: role)
    }

    /// Whose name in configurations that is.
    static func index(of host: ByteString) -> Int {
        (Int(host.description.drop { !$0.isNumber }) ?? 1) - 1
    }

    /// Whether observers write down what they follow.
    var observersKeepLog: Bool { EnsembleSimulation.observersKeepLog(seed) }

    private static func observersKeepLog(_ seed: UInt64) -> Bool { seed % 5 != 2 }

    /// Runs to the end; nil if all went well.
    public func run() -> String? {
        for host in servers.indices where admin == nil || servers[host].isKnown {
            queue.schedule(.start(host: host), at: random.number(0...startTime))
        }
        for client in clients.indices {
            queue.schedule(.client(client), at: random.number(100_000...400_000))
        }
        queue.schedule(.chaos, at: 500_000)
        run(until: limits.chaosTime ?? chaosTime)
        heal()
        if admin != nil {
            // What is left of the change goes on without misfortunes.
            let end = now + 60_000_000
            while failure == nil, now < end, !isOperatorDone { run(until: now + 100_000) }
            if failure == nil, !isOperatorDone { fail("the change comes to no end: \(summary)") }
            if failure == nil, let complaint = admin?.complaint { fail(complaint) }
            beginInspection()
        }
        // Every server has its own inspector, who looks until all have seen the same.
        let end = now + 30_000_000
        while failure == nil, now < end, !isSettled {
            run(until: min(end, now + 500_000))
            relieve()
        }
        if failure == nil, !isSettled { fail("not settled after healing: \(summary)") }
        counts["events"] = eventCount
        counts["echoed"] = echo.count
        counts["misdirected"] = servers.reduce(0) { $0 + $1.fileSystem.misdirectionCount }
        return failure
    }

    private func run(until end: Int64) {
        while failure == nil, let time = queue.nextTime, time <= end {
            guard let (time, event) = queue.popFirst() else { return }
            now = time
            eventCount += 1
            handle(event)
            if eventCount > 3_000_000 { fail("the simulation does not come to an end") }
            if eventCount % 10_000 == 0 { checkSize() }
        }
        if failure == nil { now = max(now, end) }
    }

    /// What grows and grows is a fault, too, and would take the machine with it.
    private func checkSize() {
        let size = servers.reduce(0) { $0 + $1.fileSystem.keptSize }
        if size > 1 << 30 { fail("the disks hold \(size) bytes") }
    }

    /// Whom an event happens to, if it waits for a process that is stopped.
    private func server(of event: Event) -> SimulatedServer? {
        let host: Int? =
            switch event {
            case .transit(let transit): network.destination(of: transit)
            case .closed(_, let host), .deadline(let host, _), .synced(let host, _, _),
                .logRead(let host, _, _):
                host
            case .start, .client, .stranded, .chaos: nil
            }
        return host.flatMap { $0 < servers.count ? servers[$0] : nil }
    }

    private func handle(_ event: Event) {
        if let server = server(of: event), server.stoppedUntil > now {
            queue.schedule(event, at: server.stoppedUntil)
            return
        }
        switch event {
        case .transit(let transit):
            if let (host, end, event) = network.arrive(transit, now: now) {
                deliver(event, at: end, to: host)
            }
        case .closed(let end, let host): deliver(.closed, at: end, to: host)
        case .deadline(let host, let life):
            guard servers[host].life == life else { return }
            servers[host].timer = nil
            servers[host].replica?.hitDeadline(moment(host))
            perform(host)
        case .synced(let host, let life, let count): synced(host, life, count)
        case .logRead(let host, let life, let link): logRead(host, life, link)
        case .start(let host): start(host)
        case .client(let number): act(number)
        case .stranded(let host, let step): goOn(step, host)
        case .chaos: doHarm()
        }
        for (transit, time) in network.takeDepartures() {
            queue.schedule(.transit(transit), at: time)
        }
        for (end, host) in network.takeResets() {
            queue.schedule(.closed(end, host: host), at: now + random.number(10...2000))
        }
    }

    func deliver(_ event: SimulatedNetwork.Event, at end: SimulatedNetwork.End, to host: Int) {
        if host < servers.count {
            deliverToServer(event, at: end, to: host)
        } else {
            deliverToClient(event, at: end, host - servers.count)
        }
    }

    func moment(_ host: Int) -> Moment {
        Moment(
            monotonicMilliseconds: servers[host].clock.milliseconds(at: now),
            wallMilliseconds: 1_700_000_000_000 + now / 1000 + servers[host].clockError)
    }

    /// Its own time so far, in microseconds.
    public var elapsed: Int64 { now }
    /// The misfortunes that came, and when.
    public var misfortunes: [(number: Int, fault: Fault, time: Int64)] { faults.history }
    /// How many misfortunes there were, also those left out.
    public var faultCount: Int { faults.count }
    /// How many things clients did.
    public var operationCount: Int { operationTotal }
    /// The most files of snapshots that there are on one disk.
    public var snapshotCount: Int {
        servers.map { $0.fileSystem.fileCount(.snapshot) }.max() ?? 0
    }
    /// Keeps in mind where disks are changed in this run.
    public func noteChanges() {
        for server in servers { server.fileSystem.notesChanges = true }
    }
    /// Where they were.
    public var changes: Set<CrashPoint> {
        servers.reduce(into: []) { $0.formUnion($1.fileSystem.changes) }
    }
    /// Where the power of disks went, and how often.
    public var powerLosses: [CrashPoint: Int] {
        servers.reduce(into: [:]) { $0.merge($1.fileSystem.powerLosses) { $0 + $1 } }
    }

    func fail(_ reason: String) {
        if failure == nil {
            let kind = admin == nil ? "ensemble" : "planned"
            failure = "\(kind) seed \(seed), \(now) us: \(reason)"
            trace { reason }
        }
    }

    func trace(_ text: () -> String) {
        if isTraced { print("\(now) \(text())") }
    }

    func count(_ name: String) { counts[name, default: 0] += 1 }

    private var summary: String {
        servers.map { server in
            "\(server.id) \(server.replica == nil ? "down" : "up")"
        }.joined(separator: ", ")
            + "; "
            + clients.map { "client \($0.number) \($0.state) at \($0.target)" }
            .joined(separator: ", ")
    }
}
