internal import Configuration
internal import Jute
internal import Records

/// What is known of all servers of an ensemble at a moment.
public struct EnsembleStatus: Sendable {
    /// The name.
    public let name: String
    /// Ascending by id.
    public let servers: [ServerStatus]
    /// Monotonic, in seconds.
    public let time: Double

    /// What the servers of an ensemble say of themselves that somebody else has started.
    public static func external(_ spec: EnsembleSpec) -> EnsembleStatus {
        // No folder: there are no files of theirs here.
        let folders = ServerFolder.all(of: spec, in: "/dev/null")
        return EnsembleStatus(
            name: spec.name, servers: ServerStatus.ask(folders, isElsewhere: true),
            time: LocalEnsemble.seconds())
    }

    /// Whether every server serves clients and all agree on leader and configuration.
    public var isReady: Bool { missing == nil }

    /// The leader, or the only server.
    public var leader: ServerStatus? {
        servers.first { $0.mode == "leader" || $0.mode == "standalone" }
    }

    /// What is missing until it is ready, in words; nil if nothing is.
    public var missing: String? {
        let silent = servers.filter { $0.mode == nil }
        guard silent.isEmpty else {
            return silent.map { server in
                let state = server.state
                return
                    "server \(server.id) \(state == ServerStatus.silence ? "does not answer" : "is \(state)")"
            }.joined(separator: ", ")
        }
        guard servers.count > 1 else { return nil }
        let leaders = servers.filter { $0.mode == "leader" }
        guard leaders.count == 1, let leader = leaders.first else {
            return leaders.isEmpty ? "there is no leader" : "two servers say they lead"
        }
        if let alone = servers.first(where: { $0.mode == "standalone" }) {
            return "server \(alone.id) runs alone, outside the ensemble"
        }
        let versions = Set(servers.map { $0.configurationVersion ?? "unknown" })
        guard versions.count == 1 else {
            return "the servers have different versions of the configuration: "
                + versions.sorted().joined(separator: ", ")
        }
        // Observers may follow a follower, of which the leader does not know.
        let followers = servers.count { $0.mode == "follower" }
        // One that has left may go on following where nobody here can stop it.
        guard let synced = leader.syncedCount, synced >= followers else {
            return "\(leader.syncedCount ?? 0) of \(followers) servers are in step with "
                + "the leader, server \(leader.id)"
        }
        return nil
    }

    /// How many servers may still fail.
    public var quorum: QuorumArithmetic {
        guard let committed else {
            return QuorumArithmetic(
                servers.filter { !$0.isObserver }.map {
                    QuorumArithmetic.Voter(
                        group: $0.group, weight: $0.weight, isServing: $0.mode != nil)
                })
        }
        let serving = Set(servers.filter { $0.mode != nil }.map { ServerID(Int64($0.id)) })
        return QuorumArithmetic(
            committed.voters.map { voter in
                QuorumArithmetic.Voter(
                    group: committed.groups.first { $0.value.contains(voter) }.map { Int($0.key) },
                    weight: Int(committed.weights[voter] ?? 1), isServing: serving.contains(voter))
            })
    }

    /// The configuration in force, as the leader shows it: a change under way has its own time.
    var committed: Membership? { leader?.membership }

    /// How many requests a second each server got since an earlier look, in the order of `servers`.
    public func requestRates(since earlier: EnsembleStatus) -> [Double?] {
        let seconds = max(0.001, time - earlier.time)
        return servers.map { server in
            guard let before = earlier.servers.first(where: { $0.id == server.id }),
                before.pid == server.pid, let old = before.requests, let new = server.requests,
                new >= old
            else { return nil }
            return (Double(new) - Double(old)) / seconds
        }
    }

    /// The share of one processor that each server uses, in percent: since an earlier look, or
    /// since it started.
    public func processorShares(since earlier: EnsembleStatus?) -> [Double?] {
        servers.map { server in
            guard let usage = server.usage else { return nil }
            guard let before = earlier?.servers.first(where: { $0.pid == server.pid })?.usage else {
                return usage.processorSeconds / usage.ageSeconds * 100
            }
            let seconds = max(0.001, time - (earlier?.time ?? 0))
            return max(0, usage.processorSeconds - before.processorSeconds) / seconds * 100
        }
    }

    /// For programs; the fields are those of Documentation/LAUNCHER.md.
    public func json(since earlier: EnsembleStatus? = nil) -> JSONValue {
        let shares = processorShares(since: earlier)
        let rates = earlier.map(requestRates)
        let rows = servers.indices.map { place in
            servers[place].json(
                role: servers[place].role(in: committed),
                lag: leader.flatMap { servers[place].lag(behind: $0) }, share: shares[place],
                rate: rates?[place])
        }
        return .object([
            JSONValue.Field("ensemble", .string(name)), JSONValue.Field("ready", .bool(isReady)),
            JSONValue.Field("missing", JSONValue(missing)),
            JSONValue.Field("quorum", quorum.json), JSONValue.Field("servers", .list(rows)),
        ])
    }
}

extension ServerStatus {
    fileprivate func json(role: String, lag: Int?, share: Double?, rate: Double?) -> JSONValue {
        .object([
            JSONValue.Field("id", .integer(id)),
            JSONValue.Field("role", .string(role)),
            JSONValue.Field("state", .string(state)), JSONValue.Field("mode", JSONValue(mode)),
            JSONValue.Field("client", .string(clientAddress)),
            JSONValue.Field("zxid", JSONValue(zxid)), JSONValue.Field("lag", JSONValue(lag)),
            JSONValue.Field("epoch", JSONValue(epoch)),
            JSONValue.Field("sessions", JSONValue(sessions)),
            JSONValue.Field("latency", JSONValue(latency)),
            JSONValue.Field("requests", JSONValue(requests)),
            JSONValue.Field("requestsPerSecond", JSONValue(rate)),
            JSONValue.Field("outstanding", JSONValue(outstanding)),
            JSONValue.Field("configVersion", JSONValue(configurationVersion)),
            JSONValue.Field("pid", JSONValue(pid.map(Int.init))),
            JSONValue.Field("processorPercent", JSONValue(share)),
            JSONValue.Field("residentBytes", JSONValue(usage?.residentBytes)),
        ])
    }
}
