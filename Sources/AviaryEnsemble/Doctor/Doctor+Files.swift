internal import Configuration
internal import Records

// What a server is started from: zoo.cfg, the members, myid.

extension Doctor {
    func examineFiles(_ server: ServerFacts) -> [Finding] {
        guard server.hasConfiguration else {
            return [
                Finding(
                    "zoo-cfg-missing", .error, server: server.id,
                    "server \(server.id) has no zoo.cfg",
                    remedy: startAnew([server]) + "   # writes it anew",
                    repair: server.isRunning ? nil : .start(server: server.id))
            ]
        }
        return examineText(server) + examineMyID(server) + examineOwnMembers(server)
    }

    /// What zoo.cfg itself says; of a server that is only planned, what it would say.
    func examineText(_ server: ServerFacts) -> [Finding] {
        var findings = server.problems.map { problem in
            Finding(
                problem.severity == .error ? "zoo-cfg-wrong" : "zoo-cfg-doubtful",
                problem.severity == .error ? .error : .warning, server: server.id,
                String(describing: problem),
                remedy: server.editedKeys.isEmpty
                    ? editSpec("mend it there, under config")
                    : startAnew([server]) + "   # writes it anew, from the spec")
        }
        if !server.editedKeys.isEmpty {
            let keys = server.editedKeys.joined(separator: ", ")
            findings.append(
                Finding(
                    "zoo-cfg-edited", .warning, server: server.id,
                    "somebody has changed \(keys) in zoo.cfg of server \(server.id): the next start "
                        + "takes that back",
                    remedy: startAnew([server]) + "   # or put it into the spec, under config"))
        }
        return findings
    }

    private func examineMyID(_ server: ServerFacts) -> [Finding] {
        let file = server.data.path + "/myid"
        let repair: Finding.Repair? = server.isRunning ? nil : .writeMyID(server: server.id)
        let remedy = "echo \(server.id) > \(word(file))"
        switch server.myID {
        case .missing:
            guard server.data.exists else { return [] }
            return [
                Finding(
                    "myid-missing", .error, server: server.id,
                    "server \(server.id) has no myid file: it would not start", remedy: remedy,
                    repair: repair)
            ]
        case .unreadable(let line):
            return [
                Finding(
                    "myid-unreadable", .error, server: server.id,
                    "\(file) says \"\(line)\"; it must hold the server's number alone",
                    remedy: remedy, repair: repair)
            ]
        case .id(let id) where id != server.id && server.hasOwnData:
            return [
                Finding(
                    "myid-differs", .error, server: server.id,
                    "\(file) says \(id), and this is server \(server.id), whose data these are by "
                        + "their identity", remedy: remedy, repair: repair)
            ]
        case .id(let id) where id != server.id:
            return [
                Finding(
                    "myid-differs", .error, server: server.id,
                    "\(file) says \(id), and this is server \(server.id): if the data is that of "
                        + "server \(id), it must not vote as another",
                    remedy: verb("replace \(server.id)") + "   # a new server with its own data")
            ]
        case .id: return []
        }
    }

    private func examineOwnMembers(_ server: ServerFacts) -> [Finding] {
        guard let members = server.members else {
            let file = server.membersFile ?? "its dynamic file"
            return [
                Finding(
                    "members-unreadable", .error, server: server.id,
                    "server \(server.id) cannot read who belongs to the ensemble from \(file)",
                    remedy: verb("replace \(server.id)"))
            ]
        }
        let isMember = members.member(ServerID(Int64(server.id))) != nil
        guard isMember || server.isRunning else {
            return [
                Finding(
                    "removed", .error, server: server.id,
                    "server \(server.id) is not among the members that its files name: it was "
                        + "removed and cannot start",
                    remedy: verb("apply") + "   # puts its files aside, or lets it join again")
            ]
        }
        guard server.isRunning, let committed = facts.committed, members.version > 0,
            members.version < committed.version, isMember
        else { return [] }
        return [
            Finding(
                "members-outdated", .warning, server: server.id,
                "the files of server \(server.id) have version \(hex(members.version)) of the "
                    + "configuration, and \(hex(committed.version)) is in force: it could not "
                    + "write them",
                remedy:
                    "ls -la \(word(server.directory))   # a person must let the server write there; "
                    + "then " + verb("restart \(server.id)"))
        ]
    }

    /// The data of a member stay where they are; a new one in its place has a directory of its own.
    private func separate(_ servers: [ServerFacts]) -> String {
        guard !facts.isPlanned, !facts.isExternal, let last = servers.last,
            !servers.contains(where: { $0.editedKeys.contains("dataDir") })
        else { return mend("dataDir", of: servers, "give each its own dataDir") }
        return verb("replace \(last.id)") + "   # the new one has a directory of its own"
    }

    func hex(_ version: Int64) -> String { String(UInt64(bitPattern: version), radix: 16) }

    // MARK: Servers among each other

    func compareServers() -> [Finding] {
        var findings: [Finding] = []
        let known = facts.servers.filter(\.hasConfiguration)
        let keys: [(name: String, value: (ServerConfiguration) -> String)] = [
            ("tickTime", { "\($0.tickTime)" }), ("initLimit", { "\($0.initLimit)" }),
            ("syncLimit", { "\($0.syncLimit)" }), ("jute.maxbuffer", { "\($0.requestSizeMax)" }),
            ("reconfigEnabled", { "\($0.reconfigEnabled)" }),
        ]
        for key in keys {
            let values = Dictionary(grouping: known) { key.value($0.settings) }
            guard values.count > 1 else { continue }
            let text = values.sorted { $0.key < $1.key }.map { value, servers in
                "\(value) at \(servers.map { String($0.id) }.joined(separator: ", "))"
            }
            findings.append(
                Finding(
                    "settings-differ", .error,
                    "\(key.name) must be the same at all servers, and is "
                        + text.joined(separator: "; "),
                    remedy: mend(
                        key.name, of: known, "the same \(key.name) for all, under config")))
        }
        let directories = Dictionary(grouping: known) { "\($0.data.path) at \($0.host)" }
        for (place, servers) in directories.sorted(by: { $0.key < $1.key }) where servers.count > 1
        {
            findings.append(
                Finding(
                    "data-shared", .error,
                    "servers \(servers.map { String($0.id) }.joined(separator: ", ")) have one data "
                        + "directory, \(place)", remedy: separate(servers)))
        }
        return findings
    }
}
