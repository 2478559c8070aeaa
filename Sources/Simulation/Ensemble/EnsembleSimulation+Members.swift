import Records

// Members that come and go: an operator's wishes, and what must hold of the configurations.

extension EnsembleSimulation {
    /// The newest configuration that was in force anywhere.
    var newestMembership: Membership {
        configurations.last ?? membership
    }

    /// A server has put a configuration in force.
    func noteInForce(_ membership: Membership, _ host: Int) {
        trace { "\(servers[host].id) is in the configuration \(membership.text)" }
        let place = configurations.lastIndex { $0.version <= membership.version }
        if let place, configurations[place].version == membership.version {
            if configurations[place] != membership {
                fail("two configurations have the version \(membership.version)")
            }
        } else {
            configurations.insert(membership, at: place.map { $0 + 1 } ?? 0)
        }
        if membership.version < servers[host].newestInForce {
            fail("server \(host + 1) goes back to the configuration \(membership.version)")
        }
        servers[host].newestInForce = membership.version
        servers[host].membership = membership
        if membership.version > 0, membership.member(servers[host].id) != nil {
            servers[host].hasJoined = true
        }
    }

    /// The operator changes one member: another joins, one leaves, or one takes another role; or wants
    /// another leader.
    func changeMembers(_ number: Int) {
        let newest = newestMembership
        let server = random.number(1...servers.count)
        if random.chance(1, in: 4) { return send(number, .handOver(to: server)) }
        let member = newest.member(ServerID(Int64(server)))
        let role: MemberRole = random.chance(1, in: 3) ? .observer : .participant
        let joining = "server.\(server)=\(EnsembleSimulation.member(server, role))"
        switch (member, random.below(3)) {
        case (nil, _), (_?, 0):
            send(number, .reconfigure(joining: joining, leaving: nil, version: -1))
        case (_?, 1):
            send(number, .reconfigure(joining: nil, leaving: "\(server)", version: -1))
        default:
            // One comes for one that goes.
            let other = random.number(1...servers.count)
            send(number, .reconfigure(joining: joining, leaving: "\(other)", version: -1))
        }
    }
}
