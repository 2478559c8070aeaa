import Quorum
import Records
import ServerCore

// Looks at servers from outside, after every step: at what they say, at what they have, and at
// what they would have if their power went now.

extension EnsembleSimulation {
    /// A server sends bytes to another.
    func check(_ bytes: [UInt8], _ end: SimulatedNetwork.End, _ host: Int) {
        guard let disk = servers[host].disk, let to = network.host(at: end.opposite),
            to < servers.count
        else { return }
        let servers = servers
        packetChecker.sent(
            bytes,
            PacketChecker.Link(
                connection: end.connection, from: servers[host].id, to: servers[to].id),
            disk.checked, streamsFollow: true,
            governing: { zxid in governing(zxid, on: host) },
            copies: { servers.map { ($0.id, $0.lastVouched) } }, fail)
    }

    /// The configurations of which a quorum is needed: for the start of an epoch that of its leader;
    /// for a transaction the one in force, and for a change both the old and the new one.
    private func governing(_ zxid: Zxid, on host: Int) -> [Membership] {
        guard isReconfiguring, !zxid.isEpochStart else {
            // A change that the leader has in its log governs, too.
            let server = servers[host]
            guard let change = server.proposed, change.version > server.membership.version,
                Zxid(change.version) <= server.lastDurable
            else { return [server.membership] }
            return [server.membership, change]
        }
        guard let newest = configurations.lastIndex(where: { Zxid($0.version) <= zxid }) else {
            return [membership]
        }
        let isChange = Zxid(configurations[newest].version) == zxid
        return Array(configurations[(isChange ? max(0, newest - 1) : newest)...newest])
    }

    /// A server has done something.
    func look(at replica: Replica, _ host: Int) {
        let server = servers[host]
        if let reason = storageChecker.failure { fail(reason) }
        if replica.metrics[.digestMismatchesCount] > 0 {
            fail("S7: server \(server.id) has another tree than its leader")
        }
        switch replica.currentRole {
        case .looking, .failed, .standalone:
            server.isServing = false
            return
        case .following, .observing:
            packetChecker.delivers(server.id, replica.applied, fail)
            if !server.isServing {
                packetChecker.serves(server.id, delivered: replica.applied, fail)
                checkConfiguration(of: server, at: replica.applied)
            }
        case .leading(let epoch):
            packetChecker.leads(epoch, with: server.lastDurable)
            let servers = servers
            packetChecker.delivers(
                server.id, leading: replica.applied,
                governing: { zxid in governing(zxid, on: host) },
                copies: { servers.map { ($0.id, $0.lastVouched) } }, fail)
        }
        server.isServing = true
        checkConfiguration(replica, server)
        compareTrees(replica, server)
    }

    /// A server acts by a configuration that is committed, and leads as a voter of it.
    private func checkConfiguration(_ replica: Replica, _ server: SimulatedServer) {
        let version = Zxid(server.membership.version)
        if !version.isEpochStart, version > packetChecker.highest {
            fail("server \(server.id) acts by \(version), which is not committed")
        }
        if case .leading = replica.currentRole, !server.membership.isVoter(server.id) {
            fail("server \(server.id) leads and is no voter of \(version)")
        }
    }

    /// Who begins to serve has put in force what the history has that it has delivered.
    private func checkConfiguration(of server: SimulatedServer, at zxid: Zxid) {
        guard isReconfiguring,
            let due = configurations.last(where: { Zxid($0.version) <= zxid }),
            server.membership.version < due.version
        else { return }
        fail(
            "server \(server.id) serves at \(zxid) in configuration"
                + " \(Zxid(server.membership.version)), and its history has \(Zxid(due.version))")
    }

    /// A client that comes with a session must not be let in where less is known than it has seen.
    func checkAdmission(_ id: ConnectionID, _ end: SimulatedNetwork.End, _ host: Int) {
        guard let replica = servers[host].replica, servers[host].clientEnds[id] != nil,
            servers[host].unread[id]?.isEmpty ?? false,
            let client = network.host(at: end.opposite).map({ clients[$0 - servers.count] }),
            client.end == end.opposite, client.state == .connecting,
            client.lastZxid > replica.applied
        else { return }
        fail(
            "client \(client.number) has seen \(client.lastZxid), and server \(host + 1) lets it in at"
                + " \(replica.applied)")
    }

    /// L2: whoever has applied the same transactions holds the same tree.
    private func compareTrees(_ replica: Replica, _ server: SimulatedServer) {
        let digest = replica.treeDigest
        guard let known = digests[replica.applied] else {
            digests[replica.applied] = (digest, server.id)
            return
        }
        if known.digest != digest {
            fail(
                "S7: at \(replica.applied) the trees of \(known.server) and \(server.id) are not"
                    + " the same")
        }
    }
}
