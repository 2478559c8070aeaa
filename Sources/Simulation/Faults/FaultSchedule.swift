import Records

/// What may go wrong in a run.
public enum Fault: String, CaseIterable, Sendable {
    /// A server dies.
    case crash
    /// The leader dies, if there is one.
    case crashLeader
    /// A server dies a moment after it has said a certain word.
    case brokenOff
    /// The power of a disk goes at one of its next changes.
    case powerLoss
    /// One change of a disk fails: there was no room, or a sync failed.
    case failedWrite
    /// A disk is full, until somebody makes room.
    case fullDisk
    /// Hosts are split in two, both ways or one way.
    case partition
    /// One host hears another no more, and is still heard.
    case deafness
    /// Partitions end.
    case heal
    /// A connection breaks.
    case reset
    /// The network delays some of what is sent for long.
    case slowNetwork
    /// What goes from one host to another takes long, up to more than the other waits.
    case slowLink
    /// A disk takes long to sync.
    case slowDisk
    /// A server stops for a while and goes on as if nothing had been.
    case pause
    /// A snapshot is taken.
    case snapshot
    /// Old snapshots and logs are removed.
    case purge
    /// A wall clock jumps.
    case clockJump
    /// The leader is alone for a while, and comes back with what nobody else has.
    case strandedLeader
    /// A server starts again, and the members change while it is taken in.
    case latecomer
    /// Bits of a file change while nobody looks.
    case flippedBits
    /// A write goes to the wrong place.
    case misdirectedWrite
}

/// Who sends such a packet next dies after so many more effects.
struct LastWord {
    private static let kinds: [QuorumPacket.Kind] = [
        .leaderInfo, .ackEpoch, .diff, .truncate, .snapshot, .newLeader, .ack, .upToDate,
        .proposal, .commit, .commitAndActivate,
    ]
    let kind: QuorumPacket.Kind
    let effects: Int

    init(_ random: inout SeededGenerator) {
        kind = random.pick(LastWord.kinds) ?? .ack
        effects = random.number(0...3)
    }
}

/// One misfortune: what, which in the run, and its own source of chance.
struct Misfortune {
    let fault: Fault
    /// From 1; those that are left out count.
    let number: Int
    var random: SeededGenerator
}

/// The mixture of misfortunes of one run, drawn from its seed: some runs have a bit of everything,
/// others much of a few things.
///
/// Each misfortune has chance of its own, so that leaving one out does not change what the others
/// are: a failing run is made short by that.
struct FaultSchedule {
    private var random: SeededGenerator
    private let mixture: [Fault]
    private let interval: ClosedRange<Int64>
    private let omitted: Set<Int>
    private(set) var count = 0
    /// Those that came, with their time.
    private(set) var history: [(number: Int, fault: Fault, time: Int64)] = []

    /// `kinds` is what the simulation knows how to do, each as often as it stands there.
    init(_ kinds: [Fault], random: SeededGenerator, limits: RunLimits) {
        self.random = random
        self.omitted = limits.omittedFaults
        if self.random.chance(1, in: 3) {
            mixture = kinds
        } else {
            var chosen: [Fault] = []
            for kind in kinds {
                let times = [0, 0, 1, 1, 3][self.random.below(5)]
                chosen += [Fault](repeating: kind, count: times)
            }
            mixture = chosen.isEmpty ? kinds : chosen
        }
        let longest = [300_000, 600_000, 1_200_000][self.random.below(3)] as Int64
        interval = 10_000...longest
    }

    /// The next misfortune and the pause after it; nil in its place if it is left out.
    mutating func next(now: Int64) -> (misfortune: Misfortune?, pause: Int64) {
        count += 1
        var own = random.fork()
        let fault = own.pick(mixture) ?? .crash
        let pause = own.number(interval)
        guard !omitted.contains(count) else { return (nil, pause) }
        history.append((count, fault, now))
        return (Misfortune(fault: fault, number: count, random: own), pause)
    }
}
