import Jute
import Records

/// The links between election ports: one for each pair of servers, dialed by the larger id.
///
/// A server with the smaller id dials only to ask for a call: it greets and hangs up. Links are
/// made when something is to be said, and what could not be said yet is replaced by what is to
/// be said later: only the newest vote matters.
struct ElectionMesh {
    /// What the mesh has noticed, for the election.
    enum Event {
        /// The first over a link may be what was said last over an earlier one, and true no more.
        case received(Notification, from: ServerID, isFirst: Bool)
        /// A dial has failed: the server is not there now.
        case unreachable(ServerID)
    }

    /// Milliseconds between dials to a server that cannot be reached; doubled each time.
    static let redialDelay: ClosedRange<Int64> = 20...1000
    /// Links that are accepted and have not greeted yet, at most.
    static let strangerCountMax = 64
    /// Servers outside of the configuration that are talked to, at most.
    static let outsiderCountMax = 32

    private struct Peer {
        /// Where it is, if only its own greeting says so.
        var ownEndpoints: [Endpoint] = []
        /// The link to it, once both ends know whose it is.
        var link: LinkID?
        /// The link being dialed.
        var dialing: LinkID?
        /// When the next of its addresses is dialed instead, if it has several.
        var dialDeadline: Int64?
        /// Whether nothing was heard since it was last dialed: what answers at an address need not be
        /// the server.
        var isUnproven = false
        /// How many of its addresses were dialed in vain, one after the other.
        var failedAddresses = 0
        /// The newest frame that could not be sent yet.
        var waiting: [UInt8]?
        /// The newest frame that was sent: repeated on every new link, as the last may be lost.
        var last: [UInt8]?
        /// Whether it has said nothing on the link yet.
        var isSilent = true
        /// When it may be dialed again.
        var nextDial: Int64 = 0
        var redialDelay = ElectionMesh.redialDelay.lowerBound
    }

    private struct Stranger {
        let link: LinkID
        var stream = FrameStream()
        /// When it is given up.
        let deadline: Int64
    }

    private let me: ServerID
    private var peers: [ServerID: Peer] = [:]
    private var servers: [LinkID: ServerID] = [:]
    private var streams: [LinkID: FrameStream] = [:]
    /// In the order in which they came.
    private var strangers: [Stranger] = []
    private var events: [Event] = []

    init(me: ServerID) { self.me = me }

    /// What was noticed since the last call, in order.
    mutating func takeEvents() -> [Event] {
        if events.isEmpty { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    // MARK: Sending

    /// Says something to a server, now or as soon as there is a link.
    mutating func send(
        _ notification: Notification, to server: ServerID, _ context: inout PeerContext
    ) {
        var writer = JuteWriter(capacity: 256)
        let start = writer.beginFrame()
        notification.write(to: &writer)
        writer.endFrame(start)
        let frame = writer.copyBytes()
        if let link = peers[server]?.link {
            peers[server]?.last = frame
            context.effects.add(.electionSend(link, frame))
        } else {
            peers[server, default: Peer()].waiting = frame
            dial(server, &context)
        }
    }

    /// An election begins: everybody may be dialed at once again.
    mutating func beginElection() {
        for server in peers.keys.sorted() {
            peers[server]?.nextDial = 0
            peers[server]?.redialDelay = ElectionMesh.redialDelay.lowerBound
        }
    }

    private mutating func dial(_ server: ServerID, _ context: inout PeerContext) {
        guard let peer = peers[server], peer.link == nil, peer.dialing == nil,
            context.now >= peer.nextDial
        else { return }
        let endpoints = endpoints(of: server, context)
        if peer.isUnproven {
            context.preferNext(of: endpoints, server)
            peers[server]?.isUnproven = false
        }
        guard let endpoint = context.preferred(of: endpoints, server) else {
            // It is no member any more: if it wants to hear something, it calls.
            peers[server]?.waiting = nil
            return
        }
        let link = context.newLink()
        peers[server]?.dialing = link
        peers[server]?.dialDeadline =
            endpoints.count > 1 ? context.now + context.addressPatience : nil
        servers[link] = server
        context.effects.add(.electionDial(link, server, endpoint))
    }

    private func endpoints(of server: ServerID, _ context: PeerContext) -> [Endpoint] {
        context.member(server)?.electionEndpoints ?? peers[server]?.ownEndpoints ?? []
    }

    private func isAnywhere(_ server: ServerID, _ context: PeerContext) -> Bool {
        context.member(server) != nil || peers[server]?.ownEndpoints.isEmpty == false
    }

    // MARK: Links

    mutating func accepted(_ link: LinkID, _ context: inout PeerContext) {
        if strangers.count >= ElectionMesh.strangerCountMax {
            context.effects.add(.electionClose(strangers.removeFirst().link))
        }
        strangers.append(
            Stranger(
                link: link,
                deadline: context.now
                    + (context.settings.greetingTimeout ?? context.settings.connectTimeout)))
    }

    mutating func dialed(_ link: LinkID, _ context: inout PeerContext) {
        guard let server = servers[link], peers[server]?.dialing == link else {
            context.effects.add(.electionClose(link))
            return
        }
        peers[server]?.dialing = nil
        peers[server]?.failedAddresses = 0
        peers[server]?.isUnproven = true
        var writer = JuteWriter(capacity: 64)
        if context.settings.greetsWithAllAddresses {
            ElectionGreeting(server: me, addresses: context.ownElection)
                .write(to: &writer, version: ElectionGreeting.version2)
        } else {
            ElectionGreeting(server: me, addresses: Array(context.ownElection.prefix(1)))
                .write(to: &writer)
        }
        context.effects.add(.electionSend(link, writer.copyBytes()))
        if server < me {
            adopt(link, server, FrameStream(), &context)
        } else {
            // It will call back; if it does not, it is dialed again.
            servers[link] = nil
            context.effects.add(.electionClose(link))
            delayDial(server, context)
        }
    }

    mutating func dialFailed(_ link: LinkID, _ context: inout PeerContext) {
        guard let server = servers.removeValue(forKey: link) else { return }
        guard peers[server]?.dialing == link else { return }
        peers[server]?.dialing = nil
        if dialNextAddress(server, &context) { return }
        delayDial(server, context)
        if peers[server]?.link == nil { events.append(.unreachable(server)) }
    }

    /// Dials the next of several addresses; false when all have failed.
    private mutating func dialNextAddress(
        _ server: ServerID, _ context: inout PeerContext
    ) -> Bool {
        guard let peer = peers[server] else { return false }
        let endpoints = endpoints(of: server, context)
        context.preferNext(of: endpoints, server)
        guard peer.failedAddresses + 1 < endpoints.count else {
            peers[server]?.failedAddresses = 0
            return false
        }
        peers[server]?.failedAddresses += 1
        dial(server, &context)
        return true
    }

    mutating func closed(_ link: LinkID, _ context: inout PeerContext) {
        strangers.removeAll { $0.link == link }
        streams[link] = nil
        guard let server = servers.removeValue(forKey: link) else { return }
        if peers[server]?.dialing == link { peers[server]?.dialing = nil }
        guard peers[server]?.link == link else { return }
        peers[server]?.link = nil
        // What was sent last may not have arrived, and is said again if it still matters.
        if peers[server]?.waiting == nil {
            let last = peers[server]?.last
            peers[server]?.waiting = last
        }
        // A link that ends without a word will end again: whoever it is does not want us.
        if peers[server]?.isSilent == true { delayDial(server, context) }
    }

    private mutating func delayDial(_ server: ServerID, _ context: PeerContext) {
        guard let peer = peers[server] else { return }
        peers[server]?.nextDial = context.now + peer.redialDelay
        peers[server]?.redialDelay = min(
            peer.redialDelay * 2, ElectionMesh.redialDelay.upperBound)
    }

    /// Both ends know whose link this is.
    private mutating func adopt(
        _ link: LinkID, _ server: ServerID, _ stream: FrameStream, _ context: inout PeerContext
    ) {
        drop(server, &context)
        servers[link] = server
        streams[link] = stream
        peers[server, default: Peer()].link = link
        peers[server]?.isSilent = true
        if let frame = peers[server]?.waiting ?? peers[server]?.last {
            context.effects.add(.electionSend(link, frame))
            peers[server]?.last = frame
        }
        peers[server]?.waiting = nil
    }

    /// Closes whatever link there is to a server.
    private mutating func drop(_ server: ServerID, _ context: inout PeerContext) {
        guard let link = peers[server]?.link else { return }
        peers[server]?.link = nil
        servers[link] = nil
        streams[link] = nil
        context.effects.add(.electionClose(link))
    }

    // MARK: Receiving

    mutating func received(_ link: LinkID, _ bytes: RawSpan, _ context: inout PeerContext) {
        if let index = strangers.firstIndex(where: { $0.link == link }) {
            strangers[index].stream.append(bytes)
            receivedGreeting(at: index, &context)
        } else if streams[link] != nil {
            streams[link]?.append(bytes)
        }
        readFrames(link, &context)
    }

    private mutating func receivedGreeting(at index: Int, _ context: inout PeerContext) {
        let link = strangers[index].link
        let greeting: ElectionGreeting
        do {
            guard let complete = try strangers[index].stream.greeting() else { return }
            greeting = complete
        } catch {
            strangers.remove(at: index)
            context.effects.add(.electionClose(link))
            return
        }
        let stream = strangers.remove(at: index).stream
        guard isWelcome(greeting, context) else {
            context.effects.add(.electionClose(link))
            return
        }
        let server = greeting.server
        if peers[server] == nil { peers[server] = Peer() }
        peers[server]?.ownEndpoints = greeting.endpoints
        if server > me {
            adopt(link, server, stream, &context)
        } else {
            // It asks for a call. Whatever link there was, it does not have it any more.
            context.effects.add(.electionClose(link))
            drop(server, &context)
            peers[server]?.nextDial = 0
            dial(server, &context)
        }
    }

    private mutating func isWelcome(_ greeting: ElectionGreeting, _ context: PeerContext) -> Bool {
        let server = greeting.server
        guard server.rawValue >= 0, server != me else { return false }
        if context.member(server) != nil { return true }
        let outsiders = peers.keys.filter {
            context.committed.member($0) == nil && $0 != server
        }
        guard outsiders.count >= ElectionMesh.outsiderCountMax else { return true }
        // Who has gone again makes room for others.
        let absent = outsiders.filter { peers[$0]?.link == nil && peers[$0]?.dialing == nil }
        for outsider in absent { peers[outsider] = nil }
        return !absent.isEmpty
    }

    private mutating func readFrames(_ link: LinkID, _ context: inout PeerContext) {
        guard let server = servers[link], peers[server]?.link == link else { return }
        do {
            while let payload = try streams[link]?.next() {
                let isFirst = peers[server]?.isSilent ?? true
                peers[server]?.isSilent = false
                peers[server]?.redialDelay = ElectionMesh.redialDelay.lowerBound
                // What is no notification is passed over: the next one may be.
                guard let notification = try? Notification(payload: payload.rawSpan) else {
                    continue
                }
                peers[server]?.isUnproven = false
                events.append(.received(notification, from: server, isFirst: isFirst))
            }
        } catch {
            drop(server, &context)
        }
    }

    // MARK: Time

    /// Dials that are due wait only while there is something to say, and somewhere to say it:
    /// where a former member is, nobody knows.
    func nextDeadline(isLooking: Bool, _ context: PeerContext) -> Int64? {
        var earliest = strangers.map(\.deadline).min()
        for (_, peer) in peers where peer.dialing != nil {
            guard let deadline = peer.dialDeadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        guard isLooking else { return earliest }
        for (server, peer) in peers
        where peer.link == nil && peer.dialing == nil && peer.waiting != nil
            && isAnywhere(server, context)
        {
            earliest = min(earliest ?? peer.nextDial, peer.nextDial)
        }
        return earliest
    }

    mutating func hitDeadline(isLooking: Bool, _ context: inout PeerContext) {
        while let first = strangers.first, context.now >= first.deadline {
            strangers.removeFirst()
            context.effects.add(.electionClose(first.link))
        }
        for server in peers.keys.sorted() {
            guard let link = peers[server]?.dialing, let deadline = peers[server]?.dialDeadline,
                context.now >= deadline
            else { continue }
            context.effects.add(.electionClose(link))
            dialFailed(link, &context)
        }
        guard isLooking else { return }
        for server in peers.keys.sorted() where peers[server]?.waiting != nil {
            dial(server, &context)
        }
    }
}
