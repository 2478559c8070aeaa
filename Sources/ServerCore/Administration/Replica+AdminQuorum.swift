import Jute
import Quorum
import Records

// What the AdminServer tells of the ensemble.

extension Replica {
    var leaderAnswer: AdminAnswer {
        guard let status = peer?.status, let leader = status.leader else {
            return AdminAnswer(error: "server is not initialized")
        }
        return AdminAnswer([
            AdminValue.Field("is_leader", .bool(leader == settings.server)),
            AdminValue.Field("leader_id", .number(leader.rawValue)),
            AdminValue.Field(
                "leader_ip", AdminValue(membership.member(leader)?.quorum.host.description)),
        ])
    }

    var votingView: AdminValue {
        .object(
            membership.members.filter { $0.role == .participant }.map { member in
                AdminValue.Field(
                    "\(member.id)",
                    .object([
                        AdminValue.Field("server_addresses", .list([text(member.quorum)])),
                        AdminValue.Field("election_addresses", .list([text(member.election)])),
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
            AdminValue.Field("quorum_address", address(own.quorum)),
            AdminValue.Field("election_address", address(own.election)),
            AdminValue.Field("client_address", .text(clientAddress(of: own))),
            AdminValue.Field("voting", .bool(own.role == .participant)),
            AdminValue.Field("last_zxid", .text("0x\(zxid.hex)")),
            AdminValue.Field("zab_epoch", .number(zxid.epoch.rawValue)),
            AdminValue.Field("zab_counter", .number(zxid.counter)),
            AdminValue.Field("zabstate", .text(status.phase.rawValue)),
        ]
    }

    /// The address as Apache ZooKeeper shows one of several: here there is always one, and whether
    /// it can be reached is left to those who dial it.
    private func address(_ endpoint: Endpoint) -> AdminValue {
        let own = text(endpoint), all = AdminValue.list([own])
        return .object([
            AdminValue.Field("empty", .bool(false)),
            AdminValue.Field("all_addresses", all),
            AdminValue.Field("wildcard_addresses", .list([.text("0.0.0.0:\(endpoint.port)")])),
            AdminValue.Field("all_ports", .list([.number(endpoint.port)])),
            AdminValue.Field("all_host_strings", .list([.text("\(endpoint.host)")])),
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
