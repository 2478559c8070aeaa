import Records
import Tree

// Where zxids are given out, znodes that outlived their use are deleted like any other: by a
// transaction.

extension Replica {
    /// Surveys if it is time to, and deletes as much of what was found as may go now.
    func reap() {
        guard isPrimary else { return }
        let time = now.monotonicMilliseconds
        if reaper.isSurveyDue(now: time) {
            reaper.surveyed(
                tree.outlived(
                    at: now.wallMilliseconds, neverUsedAfter: reaper.settings.neverUsedInterval),
                now: time)
        }
        while let path = reaper.takeDue(now: time) {
            // Since the survey somebody may have come to use it, if only by what is proposed.
            guard isOutlived(path) else { continue }
            log(.debug, "Deleting \(path), which nobody uses any more")
            propose(
                .deleteContainer(path), type: .deleteContainer, session: .none, xid: Xid(0),
                credentials: [], owner: nil)
        }
    }

    private func isOutlived(_ path: Path) -> Bool {
        guard let znode = preparation.pending.znode(path, in: tree), znode.childCount == 0 else {
            return false
        }
        return znode.stat.isOutlived(
            at: now.wallMilliseconds, neverUsedAfter: reaper.settings.neverUsedInterval)
    }
}
