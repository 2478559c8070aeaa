import Mutants
import Simulation

/// One mutant against the simulator, seed after seed, until somebody notices it.
///
/// A line for each seed comes before its run, so that whoever reads along knows where it was if the
/// mutant ends the process. `Tests/mutants.py` makes the table of all of them.
struct MutantHunt {
    /// As in `Mutant`; an empty one lists them.
    let name: String
    /// The seed to begin with.
    let first: UInt64
    /// How many seeds it gets.
    let seedCount: Int

    /// The exit code: 0 if it was caught, 1 if not, 2 if there is no such mutant.
    func run() -> Int32 {
        #if MUTANTS
            guard let mutant = Mutant(rawValue: name) else {
                for each in Mutant.allCases { print(each) }
                return 2
            }
            for count in 1...max(1, seedCount) {
                let seed = first + UInt64(count) - 1
                print("\(count) \(seed)")
                let failure = Mutant.$current.withValue(mutant) {
                    if mutant.isOfWholeServers { return EnsembleSimulation(seed: seed).run() }
                    // A run of whole servers takes as long as four of peers alone.
                    return QuorumSimulation(seed: seed).run()
                        ?? (count % 4 == 0 ? EnsembleSimulation(seed: seed).run() : nil)
                }
                guard let failure else { continue }
                print(failure)
                return 0
            }
            return 1
        #else
            print("this build has no mutants: 'make mutants' makes one that has")
            return 2
        #endif
    }
}

#if MUTANTS
    extension Mutant {
        /// Whether peers alone cannot show it: they have no files, clients and changes of members.
        fileprivate var isOfWholeServers: Bool {
            switch self {
            case .snapshotSurvivesTruncation, .changeByOldQuorum, .changeByNewQuorum,
                .proposedChangeNotOffered, .activationMissed, .outstandingAsHistory,
                .snapshotZxidForgotten, .logUnsynced, .checksumsIgnored, .failedSyncPassedOver,
                .snapshotNamedAhead, .filesWrittenInPlace, .failedPromisePassedOver,
                .laterHistoryRefused, .lastSeenIgnored, .movedSessionServed,
                .readsOvertakeWrites, .missedChangesIgnored, .ephemeralsStay:
                true
            default: false
            }
        }
    }
#endif
