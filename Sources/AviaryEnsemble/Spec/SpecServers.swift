// The servers of a spec: their defaults, and what must hold between them.

internal import YAML

/// A server with the nodes that complaints about it point at.
struct ServerDraft {
    var server: ServerSpec
    var node: YAMLNode
    var ports: [String: YAMLNode]
    var chosen: [String: Int]
}

extension ServerDraft {
    /// One of so many participants on this machine.
    fileprivate init(plain id: Int, _ node: YAMLNode) {
        let server = ServerSpec(
            id: id, host: "localhost", isObserver: false, ports: Ports(place: 0),
            arePortsChosen: false)
        self.init(server: server, node: node, ports: [:], chosen: [:])
    }
}

extension SpecReader {
    /// The servers in ascending order of id, from a number or a list.
    mutating func servers(
        _ node: YAMLNode, config: [ConfigEntry], isOneMachine: Bool, isForeign: Bool
    ) -> [ServerSpec] {
        guard case .sequence(let items) = node.content else {
            guard let count = integer(node, "servers, if it is no list,", in: 0...255) else {
                return []
            }
            var drafts = (1...max(1, count)).prefix(count).map { ServerDraft(plain: $0, node) }
            givePorts(&drafts, config: config, isOneMachine: isOneMachine)
            checkPorts(drafts, isOneMachine: isOneMachine)
            checkParticipants(drafts.map(\.server), at: node)
            return drafts.map(\.server)
        }
        let before = problems.count
        guard items.count <= 255 else {
            note("more than 255 servers", at: node)
            return []
        }
        var ids: Set<Int> = []
        var drafts: [ServerDraft] = []
        for item in items {
            guard let draft = draft(item, config: config, isForeign: isForeign) else { continue }
            if !ids.insert(draft.server.id).inserted {
                note("the id \(draft.server.id) is taken by a server above", at: draft.node)
            } else {
                drafts.append(draft)
            }
        }
        drafts.sort { $0.server.id < $1.server.id }
        givePorts(&drafts, config: config, isOneMachine: isOneMachine)
        checkPorts(drafts, isOneMachine: isOneMachine)
        // What of a host somebody else gives to each server, only he knows.
        if !isForeign { checkDirectories(drafts, isOneMachine: isOneMachine) }
        checkGroups(drafts)
        // Half a list says nothing about its sum.
        if problems.count == before { checkParticipants(drafts.map(\.server), at: node) }
        return drafts.map(\.server)
    }

    private mutating func draft(
        _ node: YAMLNode, config common: [ConfigEntry], isForeign: Bool
    ) -> ServerDraft? {
        let fields = fields(node, of: "a server", known: SpecParser.serverKeys)
        if fields["id"] == nil, case .mapping = node.content {
            note("id is missing", at: node)
        }
        let id = integer(fields["id"], "id", in: 1...255)
        let host = word(fields["host"], "host") ?? "localhost"
        let clientHost = word(fields["clientHost"], "clientHost")
        if !isForeign, let node = fields["clientHost"] {
            note(
                "clientHost is for runtime: external; the launcher's own servers serve clients at all "
                    + "addresses of their host", at: node)
        }
        let role = word(fields["role"], "role", of: SpecParser.roles)
        var portNodes: [String: YAMLNode] = [:]
        var chosen: [String: Int] = [:]
        if let ports = fields["ports"] {
            portNodes = self.fields(ports, of: "ports", known: SpecParser.portKeys)
            for key in SpecParser.portKeys {
                chosen[key] = integer(portNodes[key], "the port \(key)", in: 1...65535)
            }
        }
        let dataDir = directory(fields["dataDir"], "dataDir")
        let dataLogDir = directory(fields["dataLogDir"], "dataLogDir")
        let group = integer(fields["group"], "group", in: 0...Int(Int32.max))
        let weight = integer(fields["weight"], "weight", in: 0...1_000_000)
        let config = config(fields["config"], besides: common)
        guard let id else { return nil }
        var server = ServerSpec(
            id: id, host: host, isObserver: role == "observer", ports: Ports(place: 0),
            arePortsChosen: ["client", "quorum", "election"].contains { chosen[$0] != nil },
            dataDir: dataDir, dataLogDir: dataLogDir, group: group, weight: weight, config: config)
        server.clientHost = clientHost
        return ServerDraft(
            server: server, node: fields["id"] ?? node, ports: portNodes, chosen: chosen)
    }

    /// A path that means the same wherever a server is started from.
    private mutating func directory(_ node: YAMLNode?, _ key: String) -> String? {
        guard let node, let path = text(node, key) else { return nil }
        guard path.hasPrefix("/") else {
            note("\(key) must begin with /", at: node)
            return nil
        }
        return path
    }

    /// No directory twice on a host: two servers would write one log.
    private mutating func checkDirectories(_ drafts: [ServerDraft], isOneMachine: Bool) {
        var owners: [String: Int] = [:]
        for draft in drafts {
            let server = draft.server
            let host = isOneMachine ? "" : server.host.lowercased()
            for path in Set([server.dataDir, server.dataLogDir].compactMap { $0 }).sorted() {
                var path = path
                while path.count > 1, path.hasSuffix("/") { path.removeLast() }
                if let other = owners.updateValue(server.id, forKey: "\(host) \(path)") {
                    note(
                        "the directory \(path) is server \(other)'s already, on the same host",
                        at: draft.node)
                }
            }
        }
    }

    /// Groups are for every participant or for none.
    private mutating func checkGroups(_ drafts: [ServerDraft]) {
        let participants = drafts.filter { !$0.server.isObserver }
        guard participants.contains(where: { $0.server.group != nil }) else {
            for draft in drafts where draft.server.weight != nil {
                note(
                    "server \(draft.server.id) has a weight, which counts only within a group: "
                        + "give every participant a group", at: draft.node)
            }
            return
        }
        for draft in participants where draft.server.group == nil {
            note(
                "server \(draft.server.id) has no group, and other participants have",
                at: draft.node)
        }
    }

    private mutating func checkParticipants(_ servers: [ServerSpec], at node: YAMLNode) {
        let participants = servers.filter { !$0.isObserver }
        let count = participants.count
        if count == 0 {
            note("no participants: an ensemble needs one at least", at: node)
        } else if participants.allSatisfy({ $0.weight == 0 }) {
            note("every participant has the weight 0: none could vote", at: node)
        } else if count % 2 == 0, participants.allSatisfy({ $0.group == nil && $0.weight == nil }) {
            let failures = (count - 1) / 2
            note(
                "\(count) participants survive \(failures) failure\(failures == 1 ? "" : "s"), as \(count - 1) \(count == 2 ? "does" : "do")",
                at: node, severity: .warning)
        }
    }
}
