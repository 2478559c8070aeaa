// Which ports a server has: the ones that somebody chose, else the defaults of its place on its host.

extension SpecReader {
    /// The k-th server on a host gets every default plus k - 1, in the order of ids.
    ///
    /// A port that the server does not use is nil: no other collides with it.
    /// Containers of one machine publish their ports there, whatever their names.
    func givePorts(
        _ drafts: inout [ServerDraft], config: [ConfigEntry], isOneMachine: Bool
    ) {
        var places: [String: Int] = [:]
        for index in drafts.indices {
            let host = isOneMachine ? "" : drafts[index].server.host.lowercased()
            let place = places[host, default: 0]
            places[host] = place + 1
            let chosen = drafts[index].chosen
            let keys = config + drafts[index].server.config
            let isTLS = keys.contains { $0.key.hasPrefix("ssl.keyStore.") }
            let hasMetrics = keys.contains { $0.key == "metricsProvider.className" }
            let isAdministered = keys.last { $0.key == "admin.enableServer" }?.value != "false"
            let standard = Ports(place: place)
            drafts[index].server.ports = Ports(
                client: chosen["client"] ?? standard.client,
                quorum: chosen["quorum"] ?? standard.quorum,
                election: chosen["election"] ?? standard.election,
                admin: chosen["admin"] ?? (isAdministered ? standard.admin : nil),
                secureClient: chosen["secureClient"] ?? (isTLS ? standard.secureClient : nil),
                metrics: chosen["metrics"] ?? (hasMetrics ? standard.metrics : nil))
        }
    }

    /// No port twice on a host.
    ///
    /// The complaint names both owners, and stands at what somebody wrote.
    mutating func checkPorts(_ drafts: [ServerDraft], isOneMachine: Bool) {
        struct Owner {
            var draft: ServerDraft
            var key: String
            var isChosen: Bool { draft.chosen[key] != nil }
            var text: String {
                "\(isChosen ? "" : "the default ")\(key) of server \(draft.server.id)"
            }
        }
        var owners: [String: Owner] = [:]
        for draft in drafts {
            // Among containers only what is published can collide.
            let inside = isOneMachine ? ["quorum", "election", "admin"] : []
            for (key, port) in draft.server.ports.named where !inside.contains(key) {
                let owner = Owner(draft: draft, key: key)
                let host = isOneMachine ? "" : draft.server.host.lowercased()
                let place = "\(host) \(port)"
                guard let other = owners[place] else {
                    owners[place] = owner
                    continue
                }
                let blamed = owner.isChosen || !other.isChosen ? owner : other
                let rest = owner.isChosen || !other.isChosen ? other : owner
                note(
                    "port \(port) on \(draft.server.host) is used twice: \(blamed.text) and "
                        + rest.text,
                    at: blamed.draft.ports[blamed.key] ?? blamed.draft.node)
            }
        }
    }
}

extension Ports {
    /// The ports that are used, with the names they have in a spec.
    var named: [(key: String, port: Int)] {
        let all: [Int?] = [client, quorum, election, admin, secureClient, metrics]
        return zip(SpecParser.portKeys, all).compactMap { key, port in port.map { (key, $0) } }
    }
}
