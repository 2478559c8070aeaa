import Records

/// Decides when a server without data may take part in elections.
///
/// A server that lost its data must not vote: with its vote a quorum could elect a leader that
/// lacks what the lost data had confirmed. But an ensemble that is new consists of such servers.
/// So a server without data votes only when the whole ensemble is new as far as anybody can
/// tell: all voters have shown that they have no data either (a vote for nothing at zxid 0 of
/// epoch 0 or below, which a server with data never casts); or those that have are a quorum, and
/// the others had some time to say otherwise. Any sign of history ends that for good. The first
/// vote over a link shows nothing of the kind: it may be what was said last over an earlier one,
/// when the ensemble was new.
///
/// `mayBegin` of the settings keeps those out that may have lost theirs. Without that word there is
/// a limit to this: if a server loses its data while another has never had any, and all that have
/// the history stay away for that time, the two may begin a new one.
struct NewEnsemble {
    /// Voters that have shown that they have no data.
    private var empty: Set<ServerID>
    /// When a quorum of them is enough; nil once there was a sign of history.
    private var patienceEnds: Int64?
    private var isPatienceOver = false
    private let me: ServerID

    init(me: ServerID, patienceEnds: Int64) {
        self.me = me
        self.empty = [me]
        self.patienceEnds = patienceEnds
    }

    /// Another voter has spoken, for the first time over its link or later.
    ///
    /// Returns whether it has to say so again before it counts.
    mutating func heard(_ vote: Vote, isFirst: Bool, from server: ServerID) -> Bool {
        guard vote.state == .looking, vote.zxid <= .zero, vote.epoch <= 0 else {
            empty = [me]
            patienceEnds = nil
            return false
        }
        // Who does not vote need not tell what it has.
        if vote.leader == Vote.none.leader { return false }
        if !isFirst { empty.insert(server) }
        return isFirst
    }

    /// When the passing of time changes the answer.
    var deadline: Int64? { isPatienceOver ? nil : patienceEnds }

    /// Whether the ensemble is new, as far as can be known now.
    mutating func isConfirmed(_ membership: Membership, now: Int64) -> Bool {
        if empty.isSuperset(of: membership.voters) { return true }
        guard let patienceEnds, now >= patienceEnds else { return false }
        isPatienceOver = true
        return QuorumSystem(membership).contains(empty)
    }
}
