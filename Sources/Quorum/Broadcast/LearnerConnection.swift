import Mutants
import Records

/// A leader's side of one learner: how far the learner has come, and when it was last heard.
struct LearnerConnection {
    /// How far the learner has come; it only moves forward.
    enum Phase: Int, Comparable {
        /// Nothing has come yet.
        case connected
        /// It has introduced itself and waits for our epoch.
        case introduced
        /// It knows our epoch; we wait for its answer.
        case offered
        /// It has promised; both wait until a quorum has.
        case promised
        /// What it lacks first is being read from the log on disk.
        case readingLog
        /// Everything it lacks is on its way, live proposals follow; we wait for its ACK.
        case synchronizing
        /// It has our history on disk; it waits for UPTODATE.
        case synchronized
        /// It serves clients.
        case serving

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    enum Kind {
        case follower
        case observer
    }

    let link: LinkID
    var stream = PacketStream()
    var phase = Phase.connected
    /// Not known before it has introduced itself.
    var server = ServerID(-1)
    var kind = Kind.follower
    /// The end of its log when it promised.
    var lastLogged = Zxid.none
    /// Whether it is brought up to date by a snapshot.
    var getsSnapshot = false
    /// How far reading the log for it has come.
    var logReading: LogReading?
    /// When its last packet came.
    var lastHeard: Int64
    /// All proposals of this epoch up to here are durable there.
    ///
    /// Belongs to this link: what an
    /// older link acknowledged may have been truncated since.
    var acknowledged = Zxid.none
    private var lag = Lag()
    var figures: LearnerFigures

    init(link: LinkID, now: Int64) {
        self.link = link
        self.lastHeard = now
        self.figures = LearnerFigures(link: link, establishedAt: now)
    }

    /// For the log.
    var name: String { phase == .connected ? "somebody nameless" : "server \(server)" }
    /// Whether live proposals go to it.
    var isForwarding: Bool {
        phase >= (Mutant.registeredLate.isOn ? .synchronized : .synchronizing)
    }
    /// Whether it has our history.
    var isSynchronized: Bool { phase >= .synchronized }

    mutating func proposed(_ zxid: Zxid, now: Int64) {
        if isSynchronized { lag.proposed(zxid, now: now) }
    }

    mutating func acknowledged(through zxid: Zxid) {
        acknowledged = max(acknowledged, zxid)
        lag.acknowledged(zxid)
    }

    /// Since when it owes us an ACK.
    var lagsSince: Int64? { lag.oldest?.since }

    /// Of the proposals it has not acknowledged, the oldest that is watched and the newest: enough
    /// to notice a learner that answers pings while its disk stands still.
    private struct Lag {
        struct Entry {
            var zxid: Zxid
            var since: Int64
        }

        var oldest: Entry?
        var newest: Entry?

        mutating func proposed(_ zxid: Zxid, now: Int64) {
            let entry = Entry(zxid: zxid, since: now)
            if oldest == nil { oldest = entry } else { newest = entry }
        }

        mutating func acknowledged(_ zxid: Zxid) {
            guard let watched = oldest, watched.zxid <= zxid else { return }
            if let newest, newest.zxid > zxid { oldest = newest } else { oldest = nil }
            newest = nil
        }
    }
}
