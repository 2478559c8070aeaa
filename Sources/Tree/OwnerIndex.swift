// Which znodes belong to a session, which are containers, which have a time to live: lists through
// the records themselves, so that membership costs no memory of its own.

public import Records

/// The heads of the lists of owned znodes.
struct OwnerIndex {
    private(set) var sessions: [SessionID: ZnodeIndex] = [:]
    private(set) var containers: ZnodeIndex = .none
    private(set) var timeToLive: ZnodeIndex = .none
    private(set) var ephemeralCount = 0

    /// Adds a new znode whose stored owner is `owner`.
    mutating func insert(_ index: ZnodeIndex, owner: Int64, in slab: borrowing ZnodeSlab) {
        let kind = OwnerKind(owner)
        let next: ZnodeIndex
        switch kind {
        case .persistent: return
        case .ephemeral(let session):
            next = sessions[session] ?? .none
            ephemeralCount += 1
        case .container: next = containers
        case .timeToLive: next = timeToLive
        }
        slab[index].nextOwned = next
        if let next = next.asOptional { slab[next].previousOwned = index }
        setHead(of: kind, to: index)
    }

    /// Removes a znode that is about to be deleted.
    mutating func remove(_ index: ZnodeIndex, owner: Int64, in slab: borrowing ZnodeSlab) {
        let kind = OwnerKind(owner)
        if kind == .persistent { return }
        if case .ephemeral = kind { ephemeralCount -= 1 }
        let next = slab[index].nextOwned
        let previous = slab[index].previousOwned
        if let next = next.asOptional { slab[next].previousOwned = previous }
        if let previous = previous.asOptional {
            slab[previous].nextOwned = next
        } else {
            setHead(of: kind, to: next)
        }
    }

    private mutating func setHead(of kind: OwnerKind, to index: ZnodeIndex) {
        switch kind {
        case .persistent: return
        case .ephemeral(let session): sessions[session] = index.asOptional
        case .container: containers = index
        case .timeToLive: timeToLive = index
        }
    }
}

extension DataTree {
    /// The ephemerals of a session, sorted.
    public func ephemerals(of session: SessionID) -> [Path] {
        guard let first = owners.sessions[session] else { return [] }
        return ownedPaths(first)
    }

    /// The sessions that own ephemerals, sorted.
    public var ephemeralOwners: [SessionID] { owners.sessions.keys.sorted() }

    /// All containers, sorted.
    public var containers: [Path] { ownedPaths(owners.containers) }

    /// All znodes with a time to live, sorted.
    public var timeToLiveZnodes: [Path] { ownedPaths(owners.timeToLive) }

    private func ownedPaths(_ first: ZnodeIndex) -> [Path] {
        var paths: [Path] = []
        var next = first
        while let current = next.asOptional {
            paths.append(path(of: current))
            next = slab[current].nextOwned
        }
        return paths.sorted()
    }
}
