// Which containers and which znodes with a time to live are of no use any more.

public import Records

extension StatPersisted {
    /// Whether a childless znode with this stat may go.
    ///
    /// A container may once it has had a child, or (unless `neverUsedAfter` is 0) if it has waited
    /// that many milliseconds for the first; a znode with a time to live, when nobody wrote to it
    /// for that long. `time`: milliseconds since 1970.
    public func isOutlived(at time: Int64, neverUsedAfter: Int64) -> Bool {
        // The mark of a time comes from a leader's clock, which may be anything.
        let idle = time &- mtime
        switch OwnerKind(ephemeralOwner) {
        case .container: return cversion > 0 || (neverUsedAfter > 0 && idle > neverUsedAfter)
        case .timeToLive(let milliseconds): return milliseconds > 0 && idle > milliseconds
        case .persistent, .ephemeral: return false
        }
    }
}

extension DataTree {
    /// The znodes that may go, sorted.
    ///
    /// It looks at each container and each znode with a time to live, and at no other.
    public func outlived(at time: Int64, neverUsedAfter: Int64) -> [Path] {
        var paths: [Path] = []
        for head in [owners.containers, owners.timeToLive] {
            var next = head
            while let current = next.asOptional {
                next = slab[current].nextOwned
                guard slab[current].childCount == 0,
                    slab[current].stat.isOutlived(at: time, neverUsedAfter: neverUsedAfter)
                else { continue }
                paths.append(path(of: current))
            }
        }
        return paths.sorted()
    }
}
