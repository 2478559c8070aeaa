// The text of a membership, as it goes into `/zookeeper/config`, NEWLEADER and notifications.

extension Membership {
    /// The lines of the configuration, the version last, without a newline at the end.
    public var text: String {
        lines.joined(separator: "\n") + "\nversion="
            + String(UInt64(bitPattern: version), radix: 16)
    }

    /// The lines of the dynamic file: servers, groups and weights, in plain string order.
    public var lines: [String] {
        var lines = members.map { "server.\($0.id)=\($0.description)" }
        lines += groups.sorted { $0.key < $1.key }.map { group, servers in
            "group.\(group)=" + servers.map(\.description).joined(separator: ":")
        }
        lines += weights.sorted { $0.key < $1.key }.map { "weight.\($0.key)=\($0.value)" }
        return lines.sorted()
    }
}

extension Member: CustomStringConvertible {
    /// `host:quorum:election:role;clientHost:clientPort`, as Apache ZooKeeper writes it; several
    /// addresses stand before the role, with `|` between them.
    public var description: String {
        let role = role == .participant ? "participant" : "observer"
        let places = addresses.map { "\($0.quorum):\($0.election.port)" }
        let address = "\(places.joined(separator: "|")):\(role)"
        return client.map { "\(address);\($0)" } ?? address
    }
}
