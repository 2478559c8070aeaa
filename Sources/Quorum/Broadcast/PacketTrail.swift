import Records

/// The last packets of each link between a leader and its learners, for the log when the link ends
/// (`messageTracker.*`): who tells of a broken link wants to know what was said before.
struct PacketTrail {
    private struct Passage {
        let kind: QuorumPacket.Kind
        let time: Int64
    }

    private struct Passages {
        var sent: [Passage] = []
        var received: [Passage] = []
    }

    /// How many are kept of each direction; 0 is none at all.
    private let countMax: Int
    private var links: [LinkID: Passages] = [:]
    /// The time of the event that is being handled.
    var now: Int64 = 0

    init(countMax: Int) { self.countMax = countMax }

    /// Whether anything is kept.
    var isKept: Bool { countMax > 0 }

    /// A packet leaves; its kind is what its bytes begin with.
    mutating func sent(_ link: LinkID, _ bytes: [UInt8]) {
        guard bytes.count >= 4 else { return }
        let kind = bytes[..<4].reduce(Int32(0)) { $0 << 8 | Int32($1) }
        add(QuorumPacket.Kind(rawValue: kind), \.sent, link)
    }

    /// A packet has come.
    mutating func received(_ link: LinkID, _ kind: QuorumPacket.Kind) {
        guard isKept else { return }
        add(kind, \.received, link)
    }

    private mutating func add(
        _ kind: QuorumPacket.Kind, _ side: WritableKeyPath<Passages, [Passage]>, _ link: LinkID
    ) {
        var passages = links[link] ?? Passages()
        if passages[keyPath: side].count >= countMax { passages[keyPath: side].removeFirst() }
        passages[keyPath: side].append(Passage(kind: kind, time: now))
        links[link] = passages
    }

    /// A link ends: what to say of it, if anything was kept.
    mutating func end(_ link: LinkID, with other: String) -> [String] {
        guard isKept, let passages = links.removeValue(forKey: link) else { return [] }
        return [("from", passages.received), ("to", passages.sent)].map { direction, last in
            guard !last.isEmpty else { return "No packets \(direction) \(other)" }
            let list = last.map { "\($0.kind.name) \(now - $0.time)" }.joined(separator: ", ")
            return "Last packets \(direction) \(other), in ms ago: \(list)"
        }
    }
}

extension QuorumPacket.Kind {
    private static let names = [
        "REQUEST", "PROPOSAL", "ACK", "COMMIT", "PING", "REVALIDATE", "SYNC", "INFORM",
        "COMMITANDACTIVATE", "NEWLEADER", "FOLLOWERINFO", "UPTODATE", "DIFF", "TRUNC", "SNAP",
        "OBSERVERINFO", "LEADERINFO", "ACKEPOCH", "INFORMANDACTIVATE",
    ]

    /// What Apache ZooKeeper calls it.
    var name: String {
        let index = Int(rawValue) - 1
        return Self.names.indices.contains(index) ? Self.names[index] : "UNKNOWN"
    }
}

extension PeerContext {
    /// Says what was said last on a link that ends.
    mutating func tellTrail(of link: LinkID, with other: String) {
        for line in effects.trail.end(link, with: other) { warn(line) }
    }
}
