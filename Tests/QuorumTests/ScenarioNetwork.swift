import Quorum

/// The links between the servers of a scenario: no delays, nothing lost, everything in the order in
/// which it was sent, but for what goes between two servers that are held apart.
///
/// A server's disk is the link of the server to itself, so it can be held as well.
struct ScenarioNetwork {
    enum Port {
        case election
        case quorum
        case observers
    }

    /// One end of a connection; a server that is started again has a new life, and new ends.
    struct End: Hashable {
        var server: Int
        var life: Int
        var link: LinkID
    }

    enum Event {
        case dialed(by: End, Port)
        case received(End, [UInt8], Port)
        case closed(End, Port)
        case synced(life: Int, generation: Int, count: Int)
        case logRead(life: Int, LinkID)
    }

    private struct Delivery {
        var from: Int
        var to: Int
        var event: Event
    }

    private struct Pair: Hashable {
        var lower: Int
        var upper: Int

        init(_ one: Int, _ other: Int) { (lower, upper) = (min(one, other), max(one, other)) }
    }

    private var opposite: [End: End] = [:]
    private var ports: [End: Port] = [:]
    private var deliveries: [Delivery] = []
    private var held: Set<Pair> = []

    // MARK: What servers do

    mutating func dial(_ end: End, to server: Int, _ port: Port) {
        deliveries.append(
            Delivery(from: end.server, to: server, event: .dialed(by: end, port)))
    }

    mutating func connect(_ end: End, _ other: End, _ port: Port) {
        opposite[end] = other
        opposite[other] = end
        ports[end] = port
        ports[other] = port
    }

    func server(opposite end: End) -> Int? { opposite[end]?.server }

    mutating func send(_ end: End, _ bytes: [UInt8]) {
        guard let other = opposite[end], let port = ports[end] else { return }
        deliveries.append(
            Delivery(from: end.server, to: other.server, event: .received(other, bytes, port)))
    }

    /// The other end hears of it after all that was sent.
    mutating func close(_ end: End) {
        guard let other = opposite.removeValue(forKey: end), let port = ports[end] else { return }
        opposite[other] = nil
        ports[end] = nil
        ports[other] = nil
        deliveries.append(
            Delivery(from: end.server, to: other.server, event: .closed(other, port)))
    }

    mutating func closeAll(of server: Int) {
        let ends = opposite.keys.filter { $0.server == server }
        for end in ends.sorted(by: { $0.link < $1.link }) { close(end) }
    }

    /// A server's disk is at work, and will be done when its turn comes.
    mutating func work(_ server: Int, _ event: Event) {
        deliveries.append(Delivery(from: server, to: server, event: event))
    }

    // MARK: What scenarios do

    /// Whatever goes between the two waits, until they are released.
    mutating func hold(_ one: Int, _ other: Int) { held.insert(Pair(one, other)) }

    mutating func release(_ one: Int, _ other: Int) { held.remove(Pair(one, other)) }

    /// The next that arrives, and where.
    mutating func next() -> (server: Int, event: Event)? {
        let index = deliveries.firstIndex { !held.contains(Pair($0.from, $0.to)) }
        guard let index else { return nil }
        let delivery = deliveries.remove(at: index)
        return (delivery.to, delivery.event)
    }
}
