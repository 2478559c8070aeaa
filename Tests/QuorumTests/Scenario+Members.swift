import Jute
import Quorum
import Records

@testable import Simulation

// Members that come and go in a story: the verbs, and what each server keeps of it in files.

extension Scenario {
    /// `join 4`: a new server, which starts as an observer of a configuration of its own.
    func join(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let number = try verb.number(0)
        guard number == servers.count + 1 else {
            throw verb.mistake("the next server is \(servers.count + 1)")
        }
        let newest = servers.map(\.membership).max { $0.version < $1.version }
        var server = Server(member: Scenario.member(number, .observer))
        server.membership = newest ?? server.membership
        server.membership.version = 0
        server.membership.members.append(server.member)
        server.disk = ToyDisk()
        servers.append(server)
        start(number - 1)
    }

    /// `reconfig 3 add 4`, `reconfig 3 remove 1`, `reconfig 3 observer 2`, all asked of the leader.
    func reconfigure(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let host = try verb.number(0) - 1
        let number = try verb.number(2)
        guard servers.indices.contains(host), var next = servers[host].peer?.membership else {
            throw verb.mistake("server \(host + 1) is down")
        }
        next.members.removeAll { $0.id == ServerID(Int64(number)) }
        switch try verb.word(1) {
        case "add": next.members.append(Scenario.member(number, .participant))
        case "observer": next.members.append(Scenario.member(number, .observer))
        case "remove": break
        default: throw verb.mistake("add, remove or observer")
        }
        next.members.sort { $0.id < $1.id }
        guard servers[host].peer?.canActivate(next) ?? false else {
            return note(host, "refuses: too few of the next voters follow it")
        }
        propose(next, host)
    }

    /// `handover 3 1`: the leader, server 3, is asked to let server 1 lead.
    func handOver(_ verb: ScenarioVerb) throws(ScenarioMistake) {
        let host = try verb.number(0) - 1
        let successor = ServerID(Int64(try verb.number(1)))
        guard servers.indices.contains(host), let members = servers[host].peer?.membership else {
            throw verb.mistake("server \(host + 1) is down")
        }
        guard servers[host].peer?.handOver(to: successor, now: now) ?? false else {
            return note(host, "refuses: \(successor) could not lead")
        }
        propose(members, host)
    }

    private func propose(_ members: Membership, _ host: Int) {
        guard let zxid = servers[host].peer?.nextZxid else { return }
        let header = TransactionHeader(
            session: SessionID(1), cxid: Xid(1), zxid: zxid, time: 0, type: .reconfig)
        var members = members
        members.version = zxid.rawValue
        let body = TransactionBody.reconfig(
            "/zookeeper/config", data: Array(members.text.utf8), version: -1)
        propose(Transaction(header: header, body: body).encoded, host)
        drive(host)
    }

    static func member(_ number: Int, _ role: MemberRole) -> Member {
        let host = ByteString("host\(number)")
        return Member(
            id: ServerID(Int64(number)), quorum: Endpoint(host: host, port: 1),
            election: Endpoint(host: host, port: 2), client: nil, role: role)
    }

    /// What a server writes down of configurations; it finds it again when it starts.
    func keep(_ membership: Membership, inForce: Bool, _ host: Int) {
        guard inForce else {
            servers[host].proposed = membership
            return
        }
        // As MembershipFiles does: who joins keeps its own configuration until it is a member.
        let isJoining = servers[host].membership.version == 0
        let isMember = membership.member(servers[host].member.id) != nil
        if isMember || !isJoining { servers[host].membership = membership }
        note(host, "is in configuration \(membership.told)")
    }
}

extension Membership {
    fileprivate var told: String {
        let all = members.map { "\($0.id)\($0.role == .observer ? " (observes)" : "")" }
        return "\(Zxid(version).told): " + all.joined(separator: " ")
    }
}
