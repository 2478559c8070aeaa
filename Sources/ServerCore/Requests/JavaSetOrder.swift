import Records

/// The order in which a Java `HashSet` gives its strings back.
///
/// Watchers hear of a closed session's ephemerals in the order of the transaction's list, and
/// Apache ZooKeeper takes that from a copy of such a set. The order says nothing, but programs that
/// were only ever tested against it may have come to lean on it.
enum JavaSetOrder {
    /// `paths`, which stand in the order in which they were put into the set, as a copy of the set
    /// would give them.
    static func of(_ paths: [Path]) -> [Path] {
        guard paths.count > 1 else { return paths }
        let copy = capacity(holding: paths.count, atLeast: 1, isCopy: true) - 1
        let original = capacity(holding: paths.count, atLeast: 16, isCopy: false) - 1
        let keyed = paths.enumerated().map { place, path in
            let hash = spread(hashCode(path))
            return (copy: hash & copy, original: hash & original, place: place, path: path)
        }
        return keyed.sorted {
            ($0.copy, $0.original, $0.place) < ($1.copy, $1.original, $1.place)
        }.map(\.path)
    }

    /// A power of two; a table is at most three quarters full.
    private static func capacity(holding count: Int, atLeast least: Int, isCopy: Bool) -> UInt32 {
        // A copy makes room for one more than three quarters demand.
        let wanted = isCopy ? Int(Float(count) / 0.75 + 1) : 0
        var capacity = least
        while isCopy ? capacity < wanted : capacity * 3 < count * 4 { capacity *= 2 }
        return UInt32(capacity)
    }

    /// `String.hashCode`, over UTF-16.
    private static func hashCode(_ path: Path) -> UInt32 {
        path.description.utf16.reduce(0) { $0 &* 31 &+ UInt32($1) }
    }

    private static func spread(_ hash: UInt32) -> UInt32 { hash ^ (hash >> 16) }
}
