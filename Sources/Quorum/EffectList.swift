import Jute
import Records

/// Collects the effects of one event or several, in the order that their contract wants.
///
/// What goes out on a link is gathered until something must not overtake it, so that a batch of
/// commits leaves in one write per learner; the same with proposals to append.
struct EffectList {
    private var list: [QuorumEffect] = []
    private var appended: [Proposal] = []
    private var outgoing: [(link: LinkID, bytes: [UInt8])] = []

    /// What was said last on each link.
    var trail = PacketTrail(countMax: 0)

    /// Whether there is nothing to do.
    var isEmpty: Bool { list.isEmpty && appended.isEmpty && outgoing.isEmpty }

    /// What was collected; the list is empty afterwards.
    mutating func take() -> [QuorumEffect] {
        flush()
        let taken = list
        list = []
        return taken
    }

    /// Adds an effect that everything sent before must not wait for, and nothing later overtake.
    mutating func add(_ effect: QuorumEffect) {
        flush()
        list.append(effect)
    }

    /// Adds an effect of the state machine: in order with its like and with the disk, but what is
    /// sent before may also leave after it.
    mutating func addLocal(_ effect: QuorumEffect) {
        flushAppended()
        list.append(effect)
    }

    /// Adds a line for the log, which nothing waits for.
    mutating func note(_ text: String, isWarning: Bool) {
        list.append(.note(text, isWarning: isWarning))
    }

    /// Appends to the log, together with what is appended right before and after.
    mutating func append(_ proposal: Proposal) {
        appended.append(proposal)
    }

    /// Sends one packet on a quorum link.
    mutating func send(_ link: LinkID, _ bytes: [UInt8]) {
        if trail.isKept { trail.sent(link, bytes) }
        // A handful of links: searching is cheaper than hashing.
        for index in outgoing.indices where outgoing[index].link == link {
            outgoing[index].bytes.append(contentsOf: bytes)
            return
        }
        outgoing.append((link, bytes))
    }

    /// Sends a packet on a quorum link.
    mutating func send(_ link: LinkID, _ packet: QuorumPacket) {
        send(link, packet.encoded)
    }

    /// Sends a packet without data.
    mutating func send(_ link: LinkID, _ kind: QuorumPacket.Kind, _ zxid: Zxid) {
        send(link, QuorumPacket(kind, zxid: zxid).encoded)
    }

    private mutating func flushAppended() {
        if appended.isEmpty { return }
        list.append(.append(appended))
        appended = []
    }

    private mutating func flush() {
        flushAppended()
        if outgoing.isEmpty { return }
        for (link, bytes) in outgoing { list.append(.quorumSend(link, bytes)) }
        outgoing.removeAll(keepingCapacity: true)
    }
}

extension QuorumPacket {
    /// The packet's bytes on the wire.
    var encoded: [UInt8] {
        var writer = JuteWriter(capacity: 24 + (data?.count ?? 0))
        write(to: &writer)
        return writer.copyBytes()
    }
}
