import Jute
import Quorum
import Records

// What the AdminServer tells of the ensemble.

extension Replica {
    var leaderAnswer: AdminAnswer {
        guard let status = peer?.status, let leader = status.leader else {
            return AdminAnswer(error: "server is not initialized")
        }
        let hosts = membership.member(leader).map { Set($0.quorumEndpoints.map(\.host)) }
        let leaderHosts = hosts.map { $0.map(\.description).sorted().joined(separator: "|") }
        return AdminAnswer([
            AdminValue.Field("is_leader", .bool(leader == settings.server)),
            AdminValue.Field("leader_id", .number(leader.rawValue)),
            AdminValue.Field(
                "leader_ip", AdminValue(leaderHosts)),
        ])
    }

    var votingView: AdminValue {
        .object(
            membership.members.filter { $0.role == .participant }.map { member in
                AdminValue.Field(
                    "\(member.id)",
                    .object([
                        AdminValue.Field(
                            "server_addresses", .list(member.quorumEndpoints.map(text))),
                        AdminValue.Field(
                            "election_addresses", .list(member.electionEndpoints.map(text))),
                        AdminValue.Field(
                            "client_address", .text(clientAddress(of: member))),
                        AdminValue.Field("learner_type", .text("participant")),
                    ]))
            })
    }

    /// Where the configuration does not say it, only the server's own is known.
    private func clientAddress(of member: Member) -> String {
        if let client = member.client { return "\(client)" }
        return member.id == settings.server ? "0.0.0.0:\(settings.description.clientPort)" : ""
    }

    private func text(_ endpoint: Endpoint) -> AdminValue { .text("\(endpoint)") }

    var zabFields: [AdminValue.Field] {
        guard let status = peer?.status, let own = membership.member(settings.server) else {
            return [
                AdminValue.Field("voting", .bool(false)), AdminValue.Field("zabstate", .text("")),
            ]
        }
        let zxid = lastZxid
        return [
            AdminValue.Field("myid", .number(settings.server.rawValue)),
            AdminValue.Field("is_leader", .bool(status.leader == settings.server)),
            AdminValue.Field("quorum_address", addresses(own.quorumEndpoints)),
            AdminValue.Field("election_address", addresses(own.electionEndpoints)),
            AdminValue.Field("client_address", .text(clientAddress(of: own))),
            AdminValue.Field("voting", .bool(own.role == .participant)),
            AdminValue.Field("last_zxid", .text("0x\(zxid.hex)")),
            AdminValue.Field("zab_epoch", .number(zxid.epoch.rawValue)),
            AdminValue.Field("zab_counter", .number(zxid.counter)),
            AdminValue.Field("zabstate", .text(status.phase.rawValue)),
        ]
    }

    /// Addresses as Apache ZooKeeper shows them; which can be reached is left to those who dial them.
    private func addresses(_ endpoints: [Endpoint]) -> AdminValue {
        let all = AdminValue.list(endpoints.map(text))
        let own = endpoints.first.map(text) ?? .text("")
        let ports = Set(endpoints.map(\.port)).sorted()
        let hosts = Set(endpoints.map { "\($0.host)" }).sorted()
        return .object([
            AdminValue.Field("empty", .bool(endpoints.isEmpty)),
            AdminValue.Field("all_addresses", all),
            AdminValue.Field(
                "wildcard_addresses", .list(ports.map { .text("0.0.0.0:\($0)") })),
            AdminValue.Field("all_ports", .list(ports.map { .number($0) })),
            AdminValue.Field("all_host_strings", .list(hosts.map { .text($0) })),
            AdminValue.Field("reachable_address", own),
            AdminValue.Field("all_reachable_addresses", all),
            AdminValue.Field("all_reachable_addresses_or_all", all),
            AdminValue.Field("reachable_or_one", own),
            AdminValue.Field("one", own),
        ])
    }

    var observerFields: [AdminValue.Field] {
        let observers = peer?.observerFigures ?? []
        let offset = now.wallMilliseconds - now.monotonicMilliseconds
        return [
            AdminValue.Field(
                "synced_observers", .number(observers.filter(\.isSynchronized).count)),
            AdminValue.Field(
                "observers",
                .list(
                    observers.map { observer in
                        .object([
                            AdminValue.Field(
                                "remote_socket_address",
                                .text(linkAddresses[observer.link].map { "/\($0)" } ?? "")),
                            AdminValue.Field("sid", .number(observer.server.rawValue)),
                            AdminValue.Field(
                                "established", .integer(observer.establishedAt + offset)),
                            AdminValue.Field("queued_packets", .integer(0)),
                            AdminValue.Field("queued_packets_size", .integer(0)),
                            AdminValue.Field(
                                "packets_received", .integer(observer.packetsReceived)),
                            AdminValue.Field("packets_sent", .integer(observer.packetsSent)),
                            AdminValue.Field("requests", .integer(observer.requests)),
                            AdminValue.Field("last_zxid", .integer(observer.lastZxid.rawValue)),
                        ])
                    })),
        ]
    }
}
