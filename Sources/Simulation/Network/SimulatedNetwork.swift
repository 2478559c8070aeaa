public import Records

/// A network of byte streams between numbered hosts.
///
/// Within a connection bytes stay in order, though cut anywhere; between connections nothing is
/// in order. Bytes are delayed, held back by partitions, and lost only with their connection. Time
/// is in microseconds.
public final class SimulatedNetwork {
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

    /// One end of a connection, and what is on its way there.
    private struct Side {
        let host: Int
        /// Whether it still hears and sends.
        var isOpen: Bool
        /// When the last thing sent to it arrives: what follows is not earlier.
        var arrival: Int64 = 0
        /// How much was sent to it and how much has arrived: nothing overtakes.
        var sent = 0
        var arrived = 0
        /// What a partition holds back.
        var held: [Transit] = []

        init(host: Int, isOpen: Bool) {
            self.host = host
            self.isOpen = isOpen
        }
    }

    private final class Connection {
        let port: Int
        var isEstablished = false
        private var dialer: Side
        private var listener: Side

        init(from: Int, to: Int, port: Int) {
            self.port = port
            self.dialer = Side(host: from, isOpen: true)
            self.listener = Side(host: to, isOpen: false)
        }

        subscript(side: Int) -> Side {
            _read { if side == 0 { yield dialer } else { yield listener } }
            _modify { if side == 0 { yield &dialer } else { yield &listener } }
        }
    }

    /// How it behaves now.
    public var conditions = Conditions()
    private var random: SeededGenerator
    /// By number, from 1; nil where one is gone.
    private var connections: [Connection?] = [nil]
    private var listening: Set<Int> = []
    private var blocked: Set<Int> = []
    /// The delays of links that are slow by themselves.
    private var slow: [Int: ClosedRange<Int64>] = [:]
    /// What was put under way since it was asked last, with its delay.
    private var departures: [(Transit, time: Int64)] = []

    /// A network whose delays the generator decides.
    public init(random: SeededGenerator) { self.random = random }

    /// What was put under way, and when it arrives.
    public func takeDepartures() -> [(Transit, time: Int64)] {
        let taken = departures
        departures = []
        return taken
    }

    // MARK: What hosts do

    /// Starts or stops listening.
    public func listen(host: Int, port: Int, _ isOn: Bool) {
        let key = host * 64 + port
        if isOn { listening.insert(key) } else { listening.remove(key) }
    }

    /// Dials; the answer comes as an event of the end that is returned.
    public func dial(from: Int, to: Int, port: Int, now: Int64) -> End {
        let end = End(connection: connections.count, side: 0)
        connections.append(Connection(from: from, to: to, port: port))
        depart(Transit(to: end.opposite, payload: .knock), now)
        return end
    }

    /// Sends bytes.
    public func send(_ end: End, _ bytes: [UInt8], now: Int64) {
        guard connections[end.connection]?[end.side].isOpen ?? false else { return }
        var rest = bytes[...]
        while random.chance(conditions.cuts, in: 1000), rest.count > 1 {
            let count = random.number(1...rest.count - 1)
            depart(Transit(to: end.opposite, payload: .bytes(Array(rest.prefix(count)))), now)
            rest = rest.dropFirst(count)
        }
        let last = rest.count == bytes.count ? bytes : Array(rest)
        depart(Transit(to: end.opposite, payload: .bytes(last)), now)
    }

    /// Closes an end; the other hears of it after all that was sent.
    public func close(_ end: End, now: Int64) {
        guard let connection = connections[end.connection], connection[end.side].isOpen else {
            return
        }
        connection[end.side].isOpen = false
        depart(Transit(to: end.opposite, payload: .close), now)
    }

    // MARK: What happens to them

    /// Breaks a connection: what is under way is lost, both ends hear of it.
    public func reset(_ number: Int, now: Int64) {
        guard let connection = connections[number], connection.isEstablished else { return }
        // Numbers are not used again, so everything under way on it is meaningless; its ends are told
        // under its name.
        connections[number] = nil
        for side in 0...1 where connection[side].isOpen {
            let end = End(connection: number, side: side)
            resets.append((end, connection[side].host))
        }
    }

    private var resets: [(End, host: Int)] = []

    /// Ends that were reset: their hosts hear `.closed`.
    public func takeResets() -> [(end: End, host: Int)] {
        let taken = resets
        resets = []
        return taken.map { (end: $0.0, host: $0.host) }
    }

    /// A host is gone: it hears nothing more, and its peers hear a close unless it vanished.
    public func crash(host: Int, silently: Bool, now: Int64) {
        for number in connections.indices {
            guard let connection = connections[number] else { continue }
            for side in 0...1 where connection[side].host == host && connection[side].isOpen {
                if silently {
                    connection[side].isOpen = false
                } else {
                    close(End(connection: number, side: side), now: now)
                }
            }
        }
        for port in 0..<64 { listening.remove(host * 64 + port) }
    }

    /// Established connections, for whoever wants to break one.
    public var established: [Int] {
        connections.indices.filter { number in
            guard let connection = connections[number] else { return false }
            return connection.isEstablished && connection[0].isOpen && connection[1].isOpen
        }
    }

    /// Stops everything from one host to another; connections stay.
    public func block(from: Int, to: Int) { blocked.insert(from * 64 + to) }

    /// Makes what goes from one host to another take that long, in microseconds.
    public func slowDown(from: Int, to: Int, _ delay: ClosedRange<Int64>) {
        slow[from * 64 + to] = delay
    }

    /// Ends all partitions, and no link is slow any more; what was held back is on its way again.
    public func heal(now: Int64) {
        blocked = []
        slow = [:]
        for number in connections.indices {
            guard let connection = connections[number] else { continue }
            for side in 0...1 {
                let held = connection[side].held
                connection[side].held = []
                for transit in held { depart(transit, now) }
            }
        }
    }

    // MARK: Arrivals

    /// The host that has this end; nil if its connection is gone.
    public func host(at end: End) -> Int? { connections[end.connection]?[end.side].host }

    /// The host that something under way goes to; nil if its connection is gone.
    public func destination(of transit: Transit) -> Int? {
        connections[transit.to.connection]?[transit.to.side].host
    }

    /// What is due: who hears what.
    public func arrive(
        _ transit: Transit, now: Int64
    ) -> (host: Int, end: End, event: Event)? {
        let end = transit.to
        guard let connection = connections[end.connection] else { return nil }
        let host = connection[end.side].host
        if !blocked.isEmpty || !connection[end.side].held.isEmpty {
            let from = connection[end.opposite.side].host
            if !connection[end.side].held.isEmpty || blocked.contains(from * 64 + host) {
                connection[end.side].held.append(transit)
                return nil
            }
        }
        guard transit.place == connection[end.side].arrived else {
            // It has overtaken what a partition held back.
            depart(transit, now)
            return nil
        }
        connection[end.side].arrived += 1
        switch transit.payload {
        case .knock:
            let isListening = listening.contains(host * 64 + connection.port)
            connection[1].isOpen = isListening
            depart(Transit(to: end.opposite, payload: .answer(isListening)), now)
            return isListening ? (host, end, .accepted(port: connection.port)) : nil
        case .answer(let isListening):
            guard connection[end.side].isOpen else { return nil }
            if !isListening {
                connections[end.connection] = nil
                return (host, end, .dialFailed)
            }
            connection.isEstablished = true
            return (host, end, .dialed)
        case .bytes(let bytes):
            if connection[end.side].isOpen { return (host, end, .received(bytes)) }
            // A host that is up again knows nothing of this connection, and says so.
            let isUp = listening.contains { $0 / 64 == host }
            if isUp { depart(Transit(to: end.opposite, payload: .close), now) }
            return nil
        case .close:
            guard connection[end.side].isOpen else { return nil }
            connections[end.connection] = nil
            return (host, end, .closed)
        }
    }

    private func depart(_ transit: Transit, _ now: Int64) {
        var transit = transit
        let (connection, side) = (connections[transit.to.connection], transit.to.side)
        if transit.place < 0, let connection {
            transit.place = connection[side].sent
            connection[side].sent += 1
        }
        let isLong = random.chance(conditions.longDelays, in: 1000)
        var usual = isLong ? conditions.longDelay : conditions.delay
        if !slow.isEmpty, let connection {
            let (from, to) = (connection[1 - side].host, connection[side].host)
            usual = slow[from * 64 + to] ?? usual
        }
        let delay = random.number(usual)
        let time = max(now + delay, connection?[side].arrival ?? 0)
        connection?[side].arrival = time
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
