// In what two specs of one ensemble differ.

/// One thing that is not the same in two specs.
public struct SpecDifference: Equatable, Sendable {
    /// What it takes to bring it about.
    enum Kind: Sendable {
        /// A key of zoo.cfg, or a port that only the server itself knows: a restart.
        case setting
        /// What the committed configuration says: a change of it.
        case place
        /// Where the data are.
        case directory
        /// How its host is reached; the launcher's own affair.
        case reach
        /// A server is in one of them alone.
        case member
        /// From which binary, or under which roll, a server runs; no spec says it.
        case run
    }

    var kind: Kind
    /// As people read it.
    public var text: String

    /// What containers are started from is an image.
    private static func named(
        _ change: SettingChange, _ old: EnsembleSpec, _ new: EnsembleSpec
    ) -> SettingChange {
        guard change.key == "binary", new.runtime == "docker" else { return change }
        return SettingChange("image", change.old ?? old.image, change.new ?? new.image)
    }

    /// What has changed from one to the other; what is the same for all servers is said once.
    static func between(_ old: EnsembleSpec, _ new: EnsembleSpec) -> [SpecDifference] {
        var changes: [(kind: Kind, change: SettingChange, servers: [Int])] = []
        var all: [SpecDifference] = []
        var count = 0
        for server in new.servers {
            guard let before = old.servers.first(where: { $0.id == server.id }) else {
                let role = server.isObserver ? "observer" : "participant"
                all.append(
                    SpecDifference(kind: .member, text: "server \(server.id) joins as \(role)"))
                continue
            }
            count += 1
            let settings = SettingChange.between(
                old.config + before.config, new.config + server.config)
            let image = SettingChange("image", old.image, new.image)
            let keys = old.image == new.image ? settings : settings + [image]
            let own =
                keys.map { (Kind.setting, $0) }
                + before.differences(to: server).map { ($0, named($1, old, new)) }
                + SSHSettings.differences(old.ssh, new.ssh)
            for (kind, change) in own {
                if let place = changes.firstIndex(where: { $0.kind == kind && $0.change == change })
                {
                    changes[place].servers.append(server.id)
                } else {
                    changes.append((kind, change, [server.id]))
                }
            }
        }
        for server in old.servers where !new.servers.contains(where: { $0.id == server.id }) {
            all.append(SpecDifference(kind: .member, text: "server \(server.id) leaves"))
        }
        return all
            + changes.map { kind, change, servers in
                let isCommon = servers.count == count && count > 1
                let names = servers.map(String.init).joined(separator: ", ")
                let owner = isCommon ? "" : "server\(servers.count == 1 ? "" : "s") \(names): "
                return SpecDifference(kind: kind, text: owner + change.text)
            }
    }
}

extension [SpecDifference] {
    /// All in one line.
    public var text: String { map(\.text).joined(separator: "; ") }
}

extension ServerSpec {
    /// What is different but for the keys of zoo.cfg.
    fileprivate func differences(
        to new: ServerSpec
    ) -> [(SpecDifference.Kind, SettingChange)] {
        func port(_ key: String, _ kind: SpecDifference.Kind, _ path: KeyPath<Ports, Int?>)
            -> (SpecDifference.Kind, SettingChange)
        {
            let (old, new) = (ports[keyPath: path], new.ports[keyPath: path])
            return (kind, SettingChange("\(key) port", old.map { "\($0)" }, new.map { "\($0)" }))
        }
        func number(_ key: String, _ path: KeyPath<ServerSpec, Int?>)
            -> (SpecDifference.Kind, SettingChange)
        {
            let (old, new) = (self[keyPath: path], new[keyPath: path])
            return (.place, SettingChange(key, old.map { "\($0)" }, new.map { "\($0)" }))
        }
        let all: [(SpecDifference.Kind, SettingChange)] = [
            (.place, SettingChange("host", host, new.host)),
            (.place, SettingChange("clientHost", clientHost, new.clientHost)),
            (.place, SettingChange("role", role, new.role)),
            port("client", .place, \.optionalClient), port("quorum", .place, \.optionalQuorum),
            port("election", .place, \.optionalElection), number("group", \.group),
            number("weight", \.weight),
            (.directory, SettingChange("dataDir", dataDir, new.dataDir)),
            (.directory, SettingChange("dataLogDir", dataLogDir, new.dataLogDir)),
            port("admin", .setting, \.admin), port("TLS", .setting, \.secureClient),
            port("metrics", .setting, \.metrics),
            (.run, SettingChange("binary", binary, new.binary)),
            (.run, SettingChange("roll", rollMark, new.rollMark)),
        ]
        return all.filter { $0.1.old != $0.1.new }
    }

    private var role: String { isObserver ? "observer" : "participant" }
}

extension SSHSettings {
    /// What is different about hosts; what is not said is the default.
    fileprivate static func differences(
        _ old: SSHSettings?, _ new: SSHSettings?
    ) -> [(SpecDifference.Kind, SettingChange)] {
        let (old, new) = (old ?? SSHSettings(), new ?? SSHSettings())
        let all: [(SpecDifference.Kind, SettingChange)] = [
            (.directory, SettingChange("ssh directory", old.directory, new.directory)),
            (.reach, SettingChange("ssh user", old.user, new.user)),
            (
                .reach,
                SettingChange("ssh port", old.port.map { "\($0)" }, new.port.map { "\($0)" })
            ),
            (.reach, SettingChange("ssh identity", old.identity, new.identity)),
            (.reach, SettingChange("ssh binary", old.binary, new.binary)),
            (
                .reach,
                SettingChange(
                    "ssh options", old.options.joined(separator: " "),
                    new.options.joined(separator: " "))
            ),
        ]
        return all.filter { $0.1.old != $0.1.new }
    }
}

extension EnsembleSpec {
    /// The same ensemble, reached as another spec has it, with its files where they are.
    func reached(like other: EnsembleSpec) -> EnsembleSpec {
        guard var ssh = other.ssh else { return self }
        ssh.directory = (self.ssh ?? SSHSettings()).directory
        var spec = self
        if ssh != (self.ssh ?? SSHSettings()) { spec.ssh = ssh }
        return spec
    }
}

extension Ports {
    fileprivate var optionalClient: Int? { client }
    fileprivate var optionalQuorum: Int? { quorum }
    fileprivate var optionalElection: Int? { election }
}

extension [ConfigEntry] {
    /// The same entries, those that another list has in its order: two files that say the same in
    /// another order make the same zoo.cfg.
    func ordered(like other: [ConfigEntry]) -> [ConfigEntry] {
        func rank(_ entry: ConfigEntry) -> Int {
            other.firstIndex { $0.key == entry.key } ?? other.count
        }
        return enumerated().sorted {
            (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
        }.map(\.element)
    }
}
