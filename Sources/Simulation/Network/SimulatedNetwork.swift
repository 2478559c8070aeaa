public import Records

/// A network of byte streams between numbered hosts.
///
/// Within a connection bytes stay in order, though cut anywhere; between connections nothing is
/// in order. Bytes are delayed, held back by partitions, and lost only with their connection. Time
/// is in microseconds.
public struct SimulatedNetwork {
    /// One end of a connection: the dialer's is side 0.
    public struct End: Hashable, Sendable {
        /// The connection.
        public var connection: Int
        /// 0 or 1.
        public var side: Int

        /// The end at the other side.
        public var opposite: End { End(connection: connection, side: 1 - side) }
    }

    /// What a host hears.
    public enum Event: Sendable {
        /// Somebody has dialed a port of this host.
        case accepted(port: Int)
        /// The host's dial has succeeded.
        case dialed
        /// The host's dial has failed.
        case dialFailed
        /// Bytes have come.
        case received([UInt8])
        /// The connection is gone.
        case closed
    }

    /// Something under way; the simulation schedules it and hands it back when it is due.
    public struct Transit: Sendable {
        enum Payload {
            case knock
            case answer(Bool)
            case bytes([UInt8])
            case close
        }
        var to: End
        var payload: Payload
        /// Its place among all that goes to this end, from 0.
        var place = -1
    }

    /// How the network behaves.
    public struct Conditions: Sendable {
        /// The delay of most bytes, in microseconds.
        public var delay: ClosedRange<Int64> = 50...500
        /// Of some bytes.
        public var longDelay: ClosedRange<Int64> = 2000...30000
        /// Out of 1000 sends, how many are delayed long.
        public var longDelays = 0
        /// Out of 1000 sends, how many are cut in pieces.
        public var cuts = 100

        /// A calm network.
        public init() {}
    }

    private struct Connection {
        var hosts: [Int]
        var port: Int
        /// Which ends still hear and send.
        var isOpen = [true, false]
        var isEstablished = false
        /// Per direction (to side), when the last thing sent arrives: what follows is not earlier.
        var arrival: [Int64] = [0, 0]
        /// Per direction, how much was sent and how much has arrived: nothing overtakes.
        var sent = [0, 0]
        var arrived = [0, 0]
        /// Per direction, what a partition holds back.
        var held: [[Transit]] = [[], []]
    }

    /// How it behaves now.
    public var conditions = Conditions()
    private var random: SeededGenerator
    private var connections: [Int: Connection] = [:]
    private var lastConnection = 0
    private var listening: Set<Int> = []
    private var blocked: Set<Int> = []
    /// What was put under way since it was asked last, with its delay.
    private var departures: [(Transit, time: Int64)] = []

    /// A network whose delays the generator decides.
    public init(random: SeededGenerator) { self.random = random }

    /// What was put under way, and when it arrives.
    public mutating func takeDepartures() -> [(Transit, time: Int64)] {
        let taken = departures
        departures = []
        return taken
    }

    // MARK: What hosts do

    /// Starts or stops listening.
    public mutating func listen(host: Int, port: Int, _ isOn: Bool) {
        let key = host * 64 + port
        if isOn { listening.insert(key) } else { listening.remove(key) }
    }

    /// Dials; the answer comes as an event of the end that is returned.
    public mutating func dial(from: Int, to: Int, port: Int, now: Int64) -> End {
        lastConnection += 1
        connections[lastConnection] = Connection(hosts: [from, to], port: port)
        let end = End(connection: lastConnection, side: 0)
        depart(Transit(to: end.opposite, payload: .knock), now)
        return end
    }

    /// Sends bytes.
    public mutating func send(_ end: End, _ bytes: [UInt8], now: Int64) {
        guard let connection = connections[end.connection], connection.isOpen[end.side] else {
            return
        }
        var rest = bytes[...]
        while random.chance(conditions.cuts, in: 1000), rest.count > 1 {
            let count = random.number(1...rest.count - 1)
            depart(Transit(to: end.opposite, payload: .bytes(Array(rest.prefix(count)))), now)
            rest = rest.dropFirst(count)
        }
        depart(Transit(to: end.opposite, payload: .bytes(Array(rest))), now)
    }

    /// Closes an end; the other hears of it after all that was sent.
    public mutating func close(_ end: End, now: Int64) {
        guard connections[end.connection]?.isOpen[end.side] ?? false else { return }
        connections[end.connection]?.isOpen[end.side] = false
        depart(Transit(to: end.opposite, payload: .close), now)
    }

    // MARK: What happens to them

    /// Breaks a connection: what is under way is lost, both ends hear of it.
    public mutating func reset(_ number: Int, now: Int64) {
        guard let connection = connections[number], connection.isEstablished else { return }
        connections[number] = nil
        lastConnection += 1
        // A new number makes everything under way on the old one meaningless; its ends are told
        // under the old name.
        for side in 0...1 where connection.isOpen[side] {
            let end = End(connection: number, side: side)
            resets.append((end, connection.hosts[side]))
        }
    }

    private var resets: [(End, host: Int)] = []

    /// Ends that were reset: their hosts hear `.closed`.
    public mutating func takeResets() -> [(end: End, host: Int)] {
        let taken = resets
        resets = []
        return taken.map { (end: $0.0, host: $0.host) }
    }

    /// A host is gone: it hears nothing more, and its peers hear a close unless it vanished.
    public mutating func crash(host: Int, silently: Bool, now: Int64) {
        for number in connections.keys.sorted() {
            guard let connection = connections[number] else { continue }
            for side in 0...1 where connection.hosts[side] == host && connection.isOpen[side] {
                if silently {
                    connections[number]?.isOpen[side] = false
                } else {
                    close(End(connection: number, side: side), now: now)
                }
            }
        }
        for port in 0..<64 { listening.remove(host * 64 + port) }
    }

    /// Established connections, for whoever wants to break one.
    public var established: [Int] {
        connections.filter { $0.value.isEstablished && $0.value.isOpen == [true, true] }
            .keys.sorted()
    }

    /// Stops everything from one host to another; connections stay.
    public mutating func block(from: Int, to: Int) { blocked.insert(from * 64 + to) }

    /// Ends all partitions; what was held back is on its way again.
    public mutating func heal(now: Int64) {
        blocked = []
        for number in connections.keys.sorted() {
            for side in 0...1 {
                let held = connections[number]?.held[side] ?? []
                connections[number]?.held[side] = []
                for transit in held { depart(transit, now) }
            }
        }
    }

    // MARK: Arrivals

    /// The host that has this end; nil if its connection is gone.
    public func host(at end: End) -> Int? { connections[end.connection]?.hosts[end.side] }

    /// The host that something under way goes to; nil if its connection is gone.
    public func destination(of transit: Transit) -> Int? {
        connections[transit.to.connection]?.hosts[transit.to.side]
    }

    /// What is due: who hears what.
    public mutating func arrive(
        _ transit: Transit, now: Int64
    ) -> (host: Int, end: End, event: Event)? {
        let end = transit.to
        guard let connection = connections[end.connection] else { return nil }
        let host = connection.hosts[end.side]
        let from = connection.hosts[1 - end.side]
        if !connection.held[end.side].isEmpty || blocked.contains(from * 64 + host) {
            connections[end.connection]?.held[end.side].append(transit)
            return nil
        }
        guard transit.place == connection.arrived[end.side] else {
            // It has overtaken what a partition held back.
            depart(transit, now)
            return nil
        }
        connections[end.connection]?.arrived[end.side] += 1
        switch transit.payload {
        case .knock:
            let isListening = listening.contains(host * 64 + connection.port)
            connections[end.connection]?.isOpen[1] = isListening
            depart(Transit(to: end.opposite, payload: .answer(isListening)), now)
            return isListening ? (host, end, .accepted(port: connection.port)) : nil
        case .answer(let isListening):
            guard connection.isOpen[end.side] else { return nil }
            if !isListening {
                connections[end.connection] = nil
                return (host, end, .dialFailed)
            }
            connections[end.connection]?.isEstablished = true
            return (host, end, .dialed)
        case .bytes(let bytes):
            if connection.isOpen[end.side] { return (host, end, .received(bytes)) }
            // A host that is up again knows nothing of this connection, and says so.
            let isUp = listening.contains { $0 / 64 == host }
            if isUp { depart(Transit(to: end.opposite, payload: .close), now) }
            return nil
        case .close:
            guard connection.isOpen[end.side] else { return nil }
            connections[end.connection] = nil
            return (host, end, .closed)
        }
    }

    private mutating func depart(_ transit: Transit, _ now: Int64) {
        var transit = transit
        if transit.place < 0 {
            let to = transit.to
            transit.place = connections[to.connection]?.sent[to.side] ?? 0
            connections[to.connection]?.sent[to.side] += 1
        }
        let isLong = random.chance(conditions.longDelays, in: 1000)
        let delay = random.number(isLong ? conditions.longDelay : conditions.delay)
        let end = transit.to
        let earliest = connections[end.connection]?.arrival[end.side] ?? 0
        let time = max(now + delay, earliest)
        connections[end.connection]?.arrival[end.side] = time
        departures.append((transit, time))
    }
}

extension SimulatedNetwork.Event {
    /// For people.
    var name: String {
        switch self {
        case .accepted(let port): "accepted at \(port)"
        case .dialed: "dialed"
        case .dialFailed: "dial failed"
        case .received(let bytes): "received \(bytes.count)"
        case .closed: "closed"
        }
    }
}
