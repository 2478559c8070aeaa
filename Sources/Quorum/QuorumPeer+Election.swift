// What a peer hears from its driver about the election port: the mesh makes notifications of it,
// the election decides, and what it says goes back through the mesh.

import Configuration
import Records

extension QuorumPeer {
    /// Begins an election with what this server has on disk.
    mutating func look() {
        activity = .electing
        context.rumour = nil
        mesh.beginElection()
        election.look(context)
        exchange()
    }

    /// Carries what the mesh has noticed to the election, and what that says to the mesh.
    mutating func exchange() {
        while true {
            let events = mesh.takeEvents()
            for event in events {
                switch event {
                case .received(let notification, let server, _)
                where context.isForeign(notification.ensemble, server):
                    break
                case .received(let notification, let server, let isFirst):
                    let membership = configuration(of: notification)
                    adopt(membership)
                    if activity == .electing { context.hear(notification.configuration ?? []) }
                    if notification.state == .looking, context.committed.isVoter(server) {
                        leader?.voterLooks(
                            wantsBetter: election.isOutvoted(by: notification, context), &context)
                    }
                    election.received(
                        notification, isFirst: isFirst, knowing: membership?.version ?? 0,
                        from: server, context)
                case .unreachable(let server):
                    election.cannotReach(server, context)
                }
            }
            let outgoing = election.outgoing
            election.outgoing = []
            for (server, notification) in outgoing {
                mesh.send(notification, to: server, &context)
            }
            if events.isEmpty && outgoing.isEmpty { return }
        }
    }

    /// The configuration that a notification tells of; mostly the one that the last one told of.
    private mutating func configuration(of notification: Notification) -> Membership? {
        guard let text = notification.configuration else { return nil }
        if lastTold?.text != text { lastTold = (text, try? Membership(text: text)) }
        return lastTold?.membership
    }

    /// Who is looking learns from the others what configuration is in force by now.
    private mutating func adopt(_ membership: Membership?) {
        guard activity == .electing, context.settings.reconfigEnabled, let membership,
            membership.version > context.committed.version, !membership.voters.isEmpty
        else { return }
        context.activate(membership)
        mesh.beginElection()
        election.look(context)
    }

    mutating func electionHitDeadline() {
        election.hitDeadline(context)
        exchange()
        mesh.hitDeadline(isLooking: election.state == .looking, &context)
        exchange()
    }

    var electionDeadline: Int64? {
        let links = mesh.nextDeadline(isLooking: election.state == .looking, context)
        guard let links, let votes = election.nextDeadline else {
            return links ?? election.nextDeadline
        }
        return min(links, votes)
    }

    /// Somebody has dialed our election port; `link` came from `newLink()`.
    public mutating func electionAccepted(_ link: LinkID, now: Int64) {
        context.now = now
        mesh.accepted(link, &context)
        settle()
    }

    /// Our dial has succeeded.
    public mutating func electionDialed(_ link: LinkID, now: Int64) {
        context.now = now
        mesh.dialed(link, &context)
        settle()
    }

    /// Our dial has failed.
    public mutating func electionDialFailed(_ link: LinkID, now: Int64) {
        context.now = now
        mesh.dialFailed(link, &context)
        exchange()
        settle()
    }

    /// Bytes have come, cut anywhere.
    public mutating func electionReceived(_ link: LinkID, _ bytes: RawSpan, now: Int64) {
        context.now = now
        mesh.received(link, bytes, &context)
        exchange()
        settle()
    }

    /// The other side or the network has closed the link.
    public mutating func electionClosed(_ link: LinkID, now: Int64) {
        context.now = now
        mesh.closed(link, &context)
        settle()
    }
}
