import Quorum
import Records

/// Looks at every step of an ensemble from outside and knows what must never happen.
///
/// The letters are those of Documentation/SIMULATION.md.
struct QuorumChecker {
    typealias Fail = (String) -> Void

    let membership: Membership
    /// Everything that was ever delivered anywhere, in its one order.
    private(set) var history: [Proposal] = []
    /// Who was established as the leader of an epoch.
    private var leaders: [Epoch: ServerID] = [:]
    /// What the leader of an epoch had logged when it began.
    private var initial: [Epoch: [Zxid]] = [:]

    init(membership: Membership) { self.membership = membership }

    // MARK: S2, S9, S10: leaders

    mutating func changed(
        _ server: ServerID, _ role: QuorumRole, _ tree: ToyTree, _ disk: ToyDisk,
        _ acknowledged: Set<UInt64>, _ fail: Fail
    ) {
        if role == .looking { return }
        if case .leading(let epoch) = role {
            if let other = leaders[epoch] {
                fail("S2: \(server) leads epoch \(epoch), as \(other) did")
            }
            leaders[epoch] = server
            // It may hear late that it leads: then others are in a later epoch already.
            if let needed = history.lastIndex(where: { $0.zxid.epoch < epoch }),
                tree.entries.count <= needed
            {
                fail(
                    "S9: \(server) leads epoch \(epoch) at \(tree.last), but"
                        + " \(history[needed].zxid) was delivered")
            }
        }
        holds(server, tree, fail)
        if tree.last.epoch > disk.currentEpoch {
            fail("S11: \(server) serves at \(tree.last) in epoch \(disk.currentEpoch)")
        }
    }

    /// A server that serves, or is about to, holds a prefix of the one history and nothing else.
    ///
    /// What a new leader read from its disk may be news to everybody: it is committed with the rest.
    mutating func holds(_ server: ServerID, _ tree: ToyTree, _ fail: Fail) {
        for (place, entry) in tree.entries.enumerated() {
            guard place < history.count else {
                history.append(entry)
                continue
            }
            if history[place] != entry {
                fail("S3: \(server) holds \(entry.zxid) where \(history[place].zxid) belongs")
                return
            }
        }
    }

    // MARK: S3, S6, S16: delivery

    mutating func delivers(
        _ server: ServerID, _ proposal: Proposal, at place: Int, _ fail: Fail
    ) {
        if place < history.count {
            if history[place] != proposal {
                fail(
                    "S3: \(server) delivers \(proposal.zxid) at place \(place), where"
                        + " \(history[place].zxid) belongs")
            }
        } else if place == history.count {
            if let last = history.last, last.zxid >= proposal.zxid {
                fail("S6: \(server) delivers \(proposal.zxid) after \(last.zxid)")
            }
            history.append(proposal)
        } else {
            fail("S3: \(server) delivers \(proposal.zxid) beyond the end")
        }
    }

    /// S10: what a leader commits is on the disks of a quorum now, or was on one that is lost since,
    /// whose word may have been counted.
    func committed(_ proposal: Proposal, _ servers: [SimulatedPeer], _ fail: Fail) {
        let count = servers.count { server in
            membership.isVoter(server.member.id)
                && (server.disk.holds(proposal.zxid)
                    || server.lostDisk?.holds(proposal.zxid) ?? false)
        }
        if count <= membership.voters.count / 2 {
            fail("S10: \(proposal.zxid) is committed with \(count) durable copies")
        }
    }

    // MARK: S11, S12: epochs

    func persistsAccepted(_ server: ServerID, _ epoch: Epoch, _ disk: ToyDisk, _ fail: Fail) {
        if epoch <= disk.acceptedEpoch {
            fail("S11: \(server) accepts \(epoch) after \(disk.acceptedEpoch)")
        }
    }

    mutating func persistsCurrent(
        _ server: ServerID, _ epoch: Epoch, _ disk: ToyDisk, isLeader: Bool, _ fail: Fail
    ) {
        if epoch < disk.currentEpoch || epoch > disk.acceptedEpoch {
            fail(
                "S11: \(server) enters \(epoch) from \(disk.currentEpoch), having accepted"
                    + " \(disk.acceptedEpoch)")
        }
        let durable = disk.replay().tree.entries.map(\.zxid)
        if isLeader {
            if initial[epoch] != nil { fail("S1: \(epoch) begins twice") }
            initial[epoch] = durable
        } else if let expected = initial[epoch] {
            if !durable.starts(with: expected) {
                fail("S12: \(server) enters \(epoch) without its leader's history on disk")
            }
        } else {
            fail("S12: \(server) enters \(epoch), which nobody leads")
        }
    }

    /// S15: a server votes with what it has on disk, no more and no less.
    func looks(_ server: ServerID, _ status: QuorumStatus, _ disk: ToyDisk, _ fail: Fail) {
        let last = max(disk.log.last?.zxid ?? .none, disk.snapshots.last?.zxid ?? .none)
        if status.lastLogged != last || !disk.unsynced.isEmpty {
            fail("S15: \(server) looks with \(status.lastLogged), its disk holds \(last)")
        }
    }

    // MARK: S14: no holes

    func recovered(_ server: ServerID, _ tree: ToyTree, _ fail: Fail) {
        QuorumChecker.checkContiguous(tree.entries[...], server, fail)
    }

    func appended(_ server: ServerID, _ disk: ToyDisk, _ fail: Fail) {
        QuorumChecker.checkContiguous(disk.unsynced[...], server, fail)
        let before = disk.log.last?.zxid ?? .zero
        let snapshot = disk.snapshots.last?.zxid ?? .zero
        guard let first = disk.unsynced.first else { return }
        let isNext = first.zxid == before.next || first.zxid == snapshot.next
        // A snapshot of what is committed may be ahead of a slow log.
        if first.zxid <= before
            || !isNext && first.zxid.counter != 1 && snapshot < first.zxid
        {
            fail("S14: \(server) appends \(first.zxid) to a log that ends at \(before)")
        }
    }

    private static func checkContiguous(
        _ entries: ArraySlice<Proposal>, _ server: ServerID, _ fail: Fail
    ) {
        var last: Zxid?
        for entry in entries {
            if let last, entry.zxid != last.next,
                entry.zxid.counter != 1 || entry.zxid.epoch <= last.epoch
            {
                fail("S14: \(server) has \(entry.zxid) after \(last)")
                return
            }
            last = entry.zxid
        }
    }
}
