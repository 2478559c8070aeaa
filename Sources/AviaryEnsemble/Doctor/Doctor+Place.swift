internal import Records

// Where a server is, and whether it runs there.

extension Doctor {
    func examinePlace(_ server: ServerFacts) -> [Finding] {
        var findings: [Finding] = []
        let isDistributed = Set(facts.servers.map(\.host)).count > 1
        if let addresses = server.addresses {
            if isDistributed, server.host != "localhost", addresses.contains(where: isLoopback) {
                findings.append(
                    Finding(
                        "name-is-loopback", .error, server: server.id,
                        "\(server.host) resolves to \(addresses.joined(separator: ", ")) here: "
                            + "this server would listen where no other reaches it",
                        remedy: "sudoedit /etc/hosts   # take \(server.host) off the line of 127.x")
                )
            }
        } else {
            findings.append(
                Finding(
                    "name-unknown", .error, server: server.id,
                    "\(server.host) does not resolve on this machine",
                    remedy:
                        "getent hosts \(server.host)   # a person must mend DNS, or the host in the spec"
                ))
        }
        if !server.isRunning {
            findings += server.takenPorts.map { taken in
                Finding(
                    "port-taken", .error, server: server.id,
                    "port \(taken.port), the \(taken.name) port of server \(server.id), is taken "
                        + "by another program",
                    remedy:
                        "ss -ltnp sport = :\(taken.port)   # shows which; a person must end that")
            }
        }
        return findings
    }

    private func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1"
    }

    private func unanswered(_ server: ServerFacts) -> Finding {
        Finding(
            "server-silent", .error, server: server.id,
            "server \(server.id) does not answer srvr at \(server.host):\(server.port)",
            remedy:
                "echo srvr | nc \(server.host) \(server.port)   # a person must start it, or put srvr "
                + "into its 4lw.commands.whitelist")
    }

    func examineProcess(_ server: ServerFacts) -> [Finding] {
        guard server.isRunning else {
            let isHarmless = server.isStoppedOnPurpose && margin.mayFail != nil
            return [
                Finding(
                    "server-down", isHarmless ? .warning : .error,
                    server: server.id,
                    "server \(server.id) does not run"
                        + (server.isStoppedOnPurpose ? ": it was stopped" : ""),
                    remedy: verb("start \(server.id)"),
                    repair: server.isStoppedOnPurpose ? nil : .start(server: server.id))
            ]
        }
        guard !server.isPaused else {
            return [
                Finding(
                    "server-paused", .error, server: server.id,
                    "the process of server \(server.id) is stopped by a signal",
                    remedy: verb("resume \(server.id)"), repair: .resume(server: server.id))
            ]
        }
        guard server.mode != nil else {
            if facts.isExternal { return [unanswered(server)] }
            return [
                Finding(
                    "server-silent", .error, server: server.id,
                    "server \(server.id) runs and serves nobody",
                    remedy: margin.mayFail == nil
                        ? bringBack
                        : verb("restart \(server.id)") + "   # why: " + verb("logs \(server.id)"))
            ]
        }
        var findings: [Finding] = []
        if let lag = server.lag, lag > 1000 {
            findings.append(
                Finding(
                    "server-behind", .warning, server: server.id,
                    "server \(server.id) is \(lag) transactions behind the leader",
                    remedy: verb("wait --for synced") + "   # or a larger --timeout"))
        }
        if !server.pending.isEmpty {
            findings.append(
                Finding(
                    "restart-pending", .warning, server: server.id,
                    "server \(server.id) does not run yet with what is wanted: "
                        + server.pending.text,
                    remedy: verb("apply")))
        }
        if let version = server.configurationVersion, let committed = facts.committed,
            version != hex(committed.version)
        {
            findings.append(
                Finding(
                    "configuration-behind", .warning, server: server.id,
                    "server \(server.id) has version \(version) of the configuration in force, "
                        + "the leader \(hex(committed.version))",
                    remedy: verb("wait") + "   # it catches up, or learns it from a restart"))
        }
        return findings
    }
}
