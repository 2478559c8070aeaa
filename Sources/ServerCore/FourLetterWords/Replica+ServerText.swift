import Quorum
import Records
import Tree

// `srvr`, `stat`, `cons`, `conf` and `envi`: their forms are matched by other people's software,
// so they are Apache ZooKeeper's to the letter.

extension Replica {
    /// What this server is, in the word that tools look for.
    var modeName: String {
        switch role {
        case .standalone: "standalone"
        case .leading: "leader"
        case .following: "follower"
        case .observing: "observer"
        case .looking: isReadOnly ? "read-only" : "looking"
        case .failed: "looking"
        }
    }

    func serverText(withClients: Bool) -> String {
        var lines = ["Zookeeper version: \(settings.description.version)"]
        if isReadOnly { lines.append("READ-ONLY mode; serving only read-only clients") }
        if withClients { lines += ["Clients:", connectionLines(withDetails: false)] }
        let latency = statistics.latency
        lines += [
            "Latency min/avg/max: \(latency.minimum)/\(latency.average)/\(latency.greatest)",
            "Received: \(statistics.packetsReceived)",
            "Sent: \(statistics.packetsSent)",
            "Connections: \(connections.count)",
            "Outstanding: \(outstandingCount)",
            "Zxid: \(lastZxid)",
            "Mode: \(modeName)",
            "Node count: \(tree.nodeCount)",
        ]
        if case .leading = role {
            lines.append(
                "Proposal sizes last/min/max: \(statistics.proposalSize.last)/"
                    + "\(statistics.proposalSize.min)/\(statistics.proposalSize.max)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A line for each connection, in the order in which they came.
    func connectionLines(withDetails: Bool) -> String {
        connections.values.sorted { $0.id < $1.id }.map { connection in
            let counts = connection.statistics
            // Of one that has sent a four letter word nothing more is wanted.
            let isDone = connection.state == .fresh && counts.received > 0
            let operations = connection.isPaused || isDone ? "0" : "1"
            var line = " /\(AddressCredential.text(of: connection.address)):\(connection.port)"
            line += "[\(operations)](queued=\(connection.outstanding.count)"
            line += ",recved=\(counts.received),sent=\(counts.sent)"
            if withDetails, connection.session != .none { line += details(of: connection) }
            return line + ")\n"
        }.joined()
    }

    private func details(of connection: Connection) -> String {
        let counts = connection.statistics
        var text = ",sid=\(connection.session),lop=\(counts.lastOperation?.shortName ?? "NA")"
        text += ",est=\(counts.establishedAt),to=\(connection.timeout)"
        if let xid = counts.lastXid {
            text += ",lcxid=0x\(String(xid.rawValue, radix: 16))"
        }
        text += ",lzxid=\(counts.lastZxid),lresp=\(counts.lastResponseAt)"
        text += ",llat=\(counts.lastLatency),minlat=\(counts.latency.minimum)"
        text +=
            ",avglat=\(counts.latency.count == 0 ? 0 : counts.latency.total / counts.latency.count)"
        return text + ",maxlat=\(counts.latency.greatest)"
    }

    var configurationText: String {
        let description = settings.description
        let sizes = disk.sizes()
        var lines = [
            "clientPort=\(description.clientPort)",
            "secureClientPort=\(description.secureClientPort)",
            "dataDir=\(description.dataDirectory)",
            "dataDirSize=\(sizes.data)",
            "dataLogDir=\(description.logDirectory)",
            "dataLogSize=\(sizes.log)",
            "tickTime=\(settings.tickTimeMilliseconds)",
            "maxClientCnxns=\(settings.connectionsPerAddressMax)",
            "minSessionTimeout=\(settings.timeoutMin)",
            "maxSessionTimeout=\(settings.timeoutMax)",
            "clientPortListenBacklog=\(description.clientPortListenBacklog)",
            "serverId=\(settings.server)",
        ]
        guard let quorum = settings.quorum else { return lines.joined(separator: "\n") + "\n" }
        let own = membership.member(settings.server)
        lines += [
            "initLimit=\(quorum.initLimit)",
            "syncLimit=\(quorum.syncLimit)",
            "electionAlg=3",
            "electionPort=\(ports(own?.electionEndpoints))",
            "quorumPort=\(ports(own?.quorumEndpoints))",
            "peerType=\(own?.role == .observer ? 1 : 0)",
            "membership: ",
        ]
        return lines.joined(separator: "\n") + "\n" + membership.text
    }

    /// Each port once.
    private func ports(_ endpoints: [Endpoint]?) -> String {
        let ports = Set((endpoints ?? []).map(\.port)).sorted()
        return ports.isEmpty ? "0" : ports.map { "\($0)" }.joined(separator: "|")
    }

    var environmentText: String {
        let lines = settings.description.environment.map { "\($0.key)=\($0.value)\n" }
        return "Environment:\nzookeeper.version=\(settings.description.version)\n" + lines.joined()
    }
}

extension OpCode {
    /// Four letters, as `cons` shows the last operation.
    var shortName: String {
        switch self {
        case .createSession: "SESS"
        case .ping: "PING"
        case .create, .create2, .createContainer, .createTTL: "CREA"
        case .delete, .deleteContainer: "DELE"
        case .setData: "SETD"
        case .reconfig: "RECO"
        case .setACL: "SETA"
        case .closeSession: "CLOS"
        case .sync: "SYNC"
        case .check: "CHEC"
        case .exists: "EXIS"
        case .getData: "GETD"
        case .setWatches: "SETW"
        case .getACL: "GETA"
        case .getChildren, .getChildren2: "GETC"
        case .multi: "MULT"
        case .multiRead: "MLTR"
        case .setWatches2: "STW2"
        case .addWatch: "ADDW"
        case .checkWatches: "CHKW"
        case .removeWatches: "REMW"
        case .getEphemerals: "GETE"
        case .getAllChildrenNumber: "GETACN"
        case .whoAmI: "HOMI"
        default: "NA"
        }
    }
}
