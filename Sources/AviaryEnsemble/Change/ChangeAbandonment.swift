// A change that is given up: what is wanted becomes what is, and no server that runs is touched.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// What became of a change that was given up.
public struct ChangeAbandonment: Equatable, Sendable {
    /// The ensemble as it is.
    var spec: EnsembleSpec
    /// What was wanted and is not so.
    public var givenUp: [SpecDifference]
    /// What the change had done already; it stays.
    public var kept: [SpecDifference]
    /// Servers that have files or a process and are no members; `apply` stops them and puts their
    /// files aside.
    public var strays: [Int]

    /// What is known of a server that has files.
    struct Seen: Equatable, Sendable {
        var files: ObservedServer.Files = .member
        /// Whether it runs from the settings and the binary that were wanted.
        var isAsWanted = false
    }

    /// Decides from the record, what was wanted, the committed configuration if anybody could say
    /// it, and what the servers are like.
    init(
        record: EnsembleSpec, wanted: EnsembleSpec, committed: Membership?, seen: [Int: Seen]
    ) {
        var present = record
        if let committed { present.adoptPlaces(of: committed, groups: true) }
        let strays = present.servers.map(\.id).filter { id in
            if let committed { return committed.member(ServerID(Int64(id))) == nil }
            return [.joiner, .former].contains(seen[id]?.files)
        }
        present.servers.removeAll { strays.contains($0.id) }
        let done = Set(seen.filter { $0.value.isAsWanted }.map(\.key))
        present = present.adoptingSettings(of: wanted, for: done)
        spec = present
        self.strays = strays
        givenUp = SpecDifference.between(present, wanted)
        kept = SpecDifference.between(record, present).filter { difference in
            difference.kind != .member || strays.isEmpty
        }
    }
}

extension EnsembleFolder {
    /// Gives up the change under way; nil if there is none.
    public func abandonChange() async throws -> ChangeAbandonment? {
        let lock = try ChangeLock(self)
        return try await abandonChange(holding: lock)
    }

    private func abandonChange(
        holding lock: borrowing ChangeLock
    ) async throws -> ChangeAbandonment? {
        guard let wanted = try loadWanted(), let record = try load() else { return nil }
        let asWanted = record.adoptingSettings(of: wanted)
        var seen: [Int: ChangeAbandonment.Seen] = [:]
        let before = try LocalEnsemble(record, in: self, binary: "").servers
        let given = given(of: record)
        for (old, server) in zip(before, asWanted.servers) {
            let new = ServerFolder(server, of: asWanted, in: path, given: given)
            seen[server.id] = ChangeAbandonment.Seen(
                files: old.state,
                isAsWanted: ServerProcess(old).pid != nil && !old.pendingChanges.isEmpty
                    && new.pendingChanges.isEmpty)
        }
        let isAnyRunning = before.contains { ServerProcess($0).pid != nil }
        let committed = isAnyRunning ? try await committed(record, wanted) : nil
        let result = ChangeAbandonment(
            record: record, wanted: wanted, committed: committed, seen: seen)
        guard !result.strays.isEmpty else {
            try save(result.spec)
            try forgetWanted()
            return result
        }
        // Who is no member must be found by whoever stops it.
        var all = result.spec
        all.servers += record.servers.filter { result.strays.contains($0.id) }
        all.servers.sort { $0.id < $1.id }
        try saveWanted(result.spec)
        try save(all)
        return result
    }

    /// The ids of the members in the committed configuration; empty if nobody can say it.
    public func memberIDs() async throws -> [Int] {
        guard let record = try load() else { return [] }
        return try await committed(record, record)?.members.map(\.id.number) ?? []
    }

    private func committed(_ record: EnsembleSpec, _ wanted: EnsembleSpec) async throws
        -> Membership?
    {
        let session = EnsembleSession(
            try ConnectString(of: record.servers + wanted.servers, in: wanted), operatorCredential)
        let members = await session.committed()
        await session.close()
        return members
    }
}

extension EnsembleSpec {
    /// The places that the committed configuration gives its members.
    ///
    /// - Returns: whether they were others before.
    @discardableResult
    mutating func adoptPlaces(of committed: Membership, groups: Bool = false) -> Bool {
        let before = servers
        for member in committed.members {
            guard let place = servers.firstIndex(where: { $0.id == member.id.number }) else {
                continue
            }
            servers[place].isObserver = member.role == .observer
            // Where ssh finds the files is no matter of an address.
            if runtime != "ssh" { servers[place].host = member.quorum.host.description }
            servers[place].ports.quorum = Int(member.quorum.port)
            servers[place].ports.election = Int(member.election.port)
            if let client = member.client { servers[place].ports.client = Int(client.port) }
            guard groups else { continue }
            servers[place].group =
                committed.groups.sorted { $0.key < $1.key }
                .first { $0.value.contains(member.id) }.map { Int($0.key) }
            let isWeighted = servers[place].weight != nil
            let weight = committed.weights[member.id].map { Int($0) }
            servers[place].weight = weight ?? (isWeighted && committed.isHierarchical ? 1 : nil)
        }
        return servers != before
    }

    /// The same servers, these of them with the settings that another spec has for them.
    func adoptingSettings(of wanted: EnsembleSpec, for ids: Set<Int>) -> EnsembleSpec {
        let asWanted = adoptingSettings(of: wanted)
        let known = servers.map(\.id)
        if known.allSatisfy({ ids.contains($0) }) { return asWanted }
        guard known.contains(where: { ids.contains($0) }) else { return self }
        // Some keys of some servers: what all have stays common, the rest is each one's own.
        var result = self
        let effective = servers.indices.map { place in
            ids.contains(known[place])
                ? asWanted.config.overlaid(by: asWanted.servers[place].config)
                : config.overlaid(by: servers[place].config)
        }
        result.config = effective[0].filter { entry in
            effective.allSatisfy { $0.contains(entry) }
        }
        for place in servers.indices {
            if ids.contains(known[place]) { result.servers[place] = asWanted.servers[place] }
            result.servers[place].config = effective[place].filter { entry in
                !result.config.contains(entry)
            }
        }
        return result
    }
}

extension [ConfigEntry] {
    /// These keys with the values that others give them, and the others' own.
    fileprivate func overlaid(by others: [ConfigEntry]) -> [ConfigEntry] {
        var result = self
        for entry in others {
            if let place = result.firstIndex(where: { $0.key == entry.key }) {
                result[place] = entry
            } else {
                result.append(entry)
            }
        }
        return result
    }
}
