import Quorum
import Records
import Storage

/// Remembers what servers have given to their disks, and compares it with what they read back.
final class StorageChecker {
    /// Every transaction that was ever appended anywhere: a zxid has one content.
    private var written: [Zxid: [UInt8]] = [:]
    /// Servers that have read their disks once.
    private var started: Set<ServerID> = []
    /// The epochs that were durable when the server was told so.
    private var epochs: [ServerID: EpochFiles.Epochs] = [:]
    /// What was wrong first.
    private(set) var failure: String?

    private func fail(_ reason: String) {
        if failure == nil { failure = reason }
    }

    func appended(_ server: ServerID, _ entries: [LogEntry]) {
        for entry in entries {
            if let other = written.updateValue(entry.bytes, forKey: entry.zxid),
                other != entry.bytes
            {
                fail("S4: \(server) logs another \(entry.zxid) than was logged before")
            }
        }
    }

    /// A server has read its disk up to `last`, and `durable` was there.
    func recovered(_ server: ServerID, _ entries: [LogEntry], last: Zxid, durable: Zxid) {
        if last < durable {
            fail("S18: \(server) reads up to \(last), and had up to \(durable) on disk")
        }
        // What a disk held before the run was written by somebody else.
        if started.insert(server).inserted { return appended(server, entries) }
        for entry in entries where written[entry.zxid] != entry.bytes {
            fail("S18: \(server) reads a \(entry.zxid) that nobody wrote")
        }
    }

    /// A server has read its disk up to `last` after it had to go back to `target`.
    func tookBack(_ server: ServerID, to target: Zxid, last: Zxid) {
        if last != target {
            fail("S18: \(server) reads up to \(last) after going back to \(target)")
        }
    }

    /// A server was given an empty disk.
    func replaced(_ server: ServerID) { epochs[server] = nil }

    func persisted(_ server: ServerID, accepted: Epoch? = nil, current: Epoch? = nil) {
        var known = epochs[server] ?? EpochFiles.Epochs(accepted: .zero, current: .zero)
        if let accepted {
            if accepted < known.accepted {
                fail("S11: \(server) promises \(accepted) after \(known.accepted)")
            }
            known.accepted = accepted
        }
        if let current {
            if current < known.current || current > known.accepted {
                fail(
                    "S11: \(server) enters \(current) after \(known.current), having promised"
                        + " \(known.accepted)")
            }
            known.current = current
        }
        epochs[server] = known
    }

    func started(_ server: ServerID, _ found: EpochFiles.Epochs) {
        if let known = epochs[server],
            found.accepted < known.accepted || found.current < known.current
        {
            fail(
                "S11: \(server) starts with \(found.accepted) and \(found.current), and had written"
                    + " \(known.accepted) and \(known.current)")
        }
        epochs[server] = found
    }
}
