/// What one server says of itself at a moment.
public struct ServerStatus: Sendable {
    /// The id.
    public let id: Int
    /// Whether observer applies.
    public let isObserver: Bool
    /// The client address.
    public let clientAddress: String
    /// Nil if the server does not run on this machine.
    public let pid: Int32?
    /// leader, follower, observer, standalone; nil if it serves nobody.
    public var mode: String?
    /// As `srvr` shows it: `0x100000003`.
    public var zxid: String?
    /// The connections.
    public var connections: Int?
    /// Least, mean and greatest, in milliseconds.
    public var latency: String?
    /// Of a leader: how many others are in step with it.
    var syncedCount: Int?
    /// The version of the membership, hexadecimal.
    public var configurationVersion: String?

    /// Asks the server.
    static func ask(_ folder: ServerFolder, pid: Int32?) -> ServerStatus {
        let server = folder.server
        var status = ServerStatus(
            id: server.id, isObserver: server.isObserver,
            clientAddress: "\(server.host):\(server.ports.client)", pid: pid)
        func ask(_ word: String) -> [Substring] {
            let answer = FourLetterClient.ask(
                word, host: server.host, port: server.ports.client)
            return answer?.split(separator: "\n") ?? []
        }
        for line in ask("srvr") {
            if let value = value(of: "Mode: ", line) { status.mode = value }
            if let value = value(of: "Zxid: ", line) { status.zxid = value }
            if let value = value(of: "Connections: ", line) { status.connections = Int(value) }
            if let value = value(of: "Latency min/avg/max: ", line) { status.latency = value }
        }
        guard status.mode != nil else { return status }
        for line in ask("conf") {
            if let value = value(of: "version=", line) { status.configurationVersion = value }
        }
        if status.mode == "leader" {
            var synced = 0
            for line in ask("mntr") {
                for key in ["zk_synced_followers\t", "zk_synced_observers\t"] {
                    if let value = value(of: key, line) { synced += Int(value) ?? 0 }
                }
            }
            status.syncedCount = synced
        }
        return status
    }

    private static func value(of prefix: String, _ line: Substring) -> String? {
        line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : nil
    }
}

/// What all servers of an ensemble say of themselves.
public struct EnsembleStatus: Sendable {
    /// The name.
    public let name: String
    /// The servers.
    public let servers: [ServerStatus]

    /// Whether every server serves clients and all agree on leader and configuration.
    public var isReady: Bool {
        guard servers.allSatisfy({ $0.mode != nil }) else { return false }
        let modes = servers.compactMap(\.mode)
        if servers.count == 1 { return modes == ["standalone"] || modes == ["leader"] }
        guard modes.filter({ $0 == "leader" }).count == 1, !modes.contains("standalone"),
            Set(servers.map(\.configurationVersion)).count == 1
        else { return false }
        return servers.contains { $0.syncedCount == servers.count - 1 }
    }

    /// The arithmetic of the quorum, in words.
    public var quorumText: String {
        let voters = servers.filter { !$0.isObserver }
        let needed = voters.count / 2 + 1
        let serving = voters.filter { $0.mode != nil }.count
        if voters.count == 1 { return "1 server alone: \(serving) serving" }
        let spare = serving - needed
        let outlook =
            spare < 0
            ? "no quorum: start \(-spare) more" : "\(spare) more may fail"
        return "\(needed) of \(voters.count) needed, \(serving) serving, \(outlook)"
    }

    /// A row a server under a header, and the arithmetic.
    public var table: String {
        let header = [
            "ID", "ROLE", "STATE", "CLIENTS AT", "ZXID", "EPOCH", "CONNS", "LATENCY", "CONFIG",
            "PROCESS",
        ]
        let rows =
            [header]
            + servers.map { server in
                [
                    String(server.id), server.isObserver ? "observer" : "participant",
                    server.mode ?? (server.pid == nil ? "down" : "not serving"),
                    server.clientAddress, server.zxid ?? "-", server.epoch ?? "-",
                    server.connections.map(String.init) ?? "-", server.latency ?? "-",
                    server.configurationVersion ?? "-", server.pid.map { "pid \($0)" } ?? "stopped",
                ]
            }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                .joined(separator: "  ").trimmingBlanks
        }
        return (lines + ["", quorumText]).joined(separator: "\n")
    }

    /// The same for programs.
    public var json: String {
        let rows = servers.map { server in
            let fields = [
                "\"id\":\(server.id)",
                "\"role\":\"\(server.isObserver ? "observer" : "participant")\"",
                "\"mode\":\(quoted(server.mode))", "\"client\":\(quoted(server.clientAddress))",
                "\"zxid\":\(quoted(server.zxid))", "\"epoch\":\(server.epoch ?? "null")",
                "\"connections\":\(server.connections.map(String.init) ?? "null")",
                "\"configVersion\":\(quoted(server.configurationVersion))",
                "\"pid\":\(server.pid.map(String.init) ?? "null")",
            ]
            return "{" + fields.joined(separator: ",") + "}"
        }
        return "{\"ensemble\":\(quoted(name)),\"ready\":\(isReady),\"servers\":["
            + rows.joined(separator: ",") + "]}"
    }

    private func quoted(_ text: String?) -> String {
        guard let text else { return "null" }
        var escaped = ""
        for character in text {
            if character == "\"" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return "\"\(escaped)\""
    }
}

extension ServerStatus {
    /// The epoch in the zxid.
    public var epoch: String? {
        guard let zxid, let value = UInt64(zxid.dropFirst(2), radix: 16) else { return nil }
        return String(value >> 32)
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
