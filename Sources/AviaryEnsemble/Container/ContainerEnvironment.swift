// From the names and values of an environment to lines of zoo.cfg, each with the name it is from.

internal import Configuration

/// What the environment of a container says.
struct ContainerEnvironment {
    /// Non-empty values, with those of `NAME_FILE` under `NAME`.
    private(set) var values: [String: String] = [:]
    /// This server's id.
    private(set) var identity: (id: Int, source: String)?
    /// What is to be logged; the first name that says it counts.
    private(set) var log = ContainerPlan.Log()
    /// The names that made a difference.
    private(set) var used: [String] = []
    /// Names that make none, each with the reason.
    private(set) var notes: [String] = []
    /// What is wrong.
    private(set) var problems: [String] = []
    /// The servers that each list has named so far.
    private var listed: [String: Set<String>] = [:]

    init(_ situation: ContainerSituation) {
        // Empty is unset, as shells have it; and a Kubernetes service called zookeeper-client sets
        // ZOOKEEPER_CLIENT_PORT to its address, which nobody meant for us.
        values = situation.variables.filter { !$0.value.isEmpty && !$0.value.hasPrefix("tcp://") }
        for name in values.keys.sorted() where name.hasSuffix("_FILE") {
            let plain = String(name.dropLast(5))
            guard ContainerVariable.byName[name] == nil, ContainerVariable.byName[plain] != nil,
                let path = values.removeValue(forKey: name)
            else { continue }
            if values[plain] != nil {
                problems.append("\(name) and \(plain) are both set: take one of them away")
            } else if let text = situation.read(path) {
                values[plain] = String(text.prefix { $0 != "\n" && $0 != "\r\n" })
            } else {
                problems.append("\(name)=\(path): there is no such file, or it cannot be read")
            }
        }
    }

    /// The value of a name that the planner reads itself.
    mutating func place(_ name: String) -> String? {
        guard let value = values[name] else { return nil }
        if !used.contains(name) { used.append(name) }
        return value
    }

    /// Adds all that the environment says to the settings.
    mutating func apply(to settings: inout ContainerSettings) {
        for variable in ContainerVariable.all {
            guard let value = values[variable.name] else { continue }
            apply(variable, value, to: &settings)
        }
        let names = values.keys.sorted()
        for name in names where name.hasPrefix("ZOO_CFG_") && name != "ZOO_CFG_EXTRA" {
            let key = String(name.dropFirst(8).map { $0 == "_" ? "." : $0 })
            set(key, values[name] ?? "", name, in: &settings)
        }
        for (name, number) in numbered("ZOOKEEPER_SERVER_", names) {
            // Its own address as others see it may be none of the container's.
            let isOwn = identity?.id == number
            let host = isOwn ? "0.0.0.0" : values[name] ?? ""
            checkNew("server.\(number)", in: "ZOOKEEPER_SERVER_N")
            set("server.\(number)", "\(host):2888:3888", name, in: &settings)
        }
        for (name, _) in numbered("ADDITIONAL_ZOOKEEPER_", names) {
            addLine(values[name] ?? "", name, of: "ADDITIONAL_ZOOKEEPER_N", to: &settings)
        }
        noteUnknown(names)
    }

    private func numbered(_ prefix: String, _ names: [String]) -> [(name: String, number: Int)] {
        names.compactMap { name in
            ContainerServers.number(of: name, after: prefix).map { (name, $0) }
        }.sorted { $0.number < $1.number }
    }

    private mutating func set(
        _ key: String, _ value: String, _ source: String, in settings: inout ContainerSettings
    ) {
        guard !value.contains(where: \.isNewline) else {
            problems.append("\(source) has more than one line: a value of zoo.cfg has one")
            return
        }
        settings.set(key, value, source)
        if !used.contains(source) { used.append(source) }
    }

    private mutating func apply(
        _ variable: ContainerVariable, _ value: String, to settings: inout ContainerSettings
    ) {
        let name = variable.name
        switch variable.meaning {
        case .key(let key): set(key, value, name, in: &settings)
        case .flag(let key):
            set(
                key, ContainerEnvironment.flag(value).map(String.init) ?? value, name, in: &settings
            )
        case .identity: identify(value, name)
        case .servers: list(value, name, in: &settings)
        case .numberedServers:
            for line in ContainerServers.numbered(value) {
                set(line.key, line.value, name, in: &settings)
            }
        case .numbered(let kind):
            for line in ContainerServers.numbered(value, kind) {
                set(line.key, line.value, name, in: &settings)
            }
        case .logLevel:
            // As logback and log4j have it: the level, then appenders.
            let word = value.split { $0 == "," || $0.isWhitespace }.first.map(String.init)
            if log.level == nil { log.level = word }
            used.append(name)
        case .logFormat:
            if !["json", "text"].contains(value.lowercased()) {
                problems.append("\(name)=\(value): the log's formats are json and text")
            }
            if log.format == nil { log.format = value }
            used.append(name)
        case .lines:
            for word in value.split(whereSeparator: \.isWhitespace) {
                addLine(String(word), name, of: name, to: &settings)
            }
        case .javaOptions: readJavaOptions(value, name, in: &settings)
        case .clientTLS:
            guard ContainerEnvironment.flag(value) == true else { return }
            set("secureClientPort", values["ZOO_TLS_PORT_NUMBER"] ?? "3181", name, in: &settings)
        case .metrics:
            guard ContainerEnvironment.flag(value) == true else { return }
            set(
                "metricsProvider.className",
                "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider", name,
                in: &settings)
        case .place, .accepted: break
        case .withoutEffect(let reason): notes.append("\(name) has no effect: \(reason)")
        case .protection(let reason):
            // Open where somebody has asked for a lock is the one thing a server must not be.
            guard ContainerEnvironment.flag(value) != false else { return }
            problems.append(
                "\(name)=\(value) asks for a protection that this server cannot give: \(reason). "
                    + "Set it to no if you can do without")
        }
    }

    private mutating func identify(_ value: String, _ name: String) {
        guard let id = Int(value), (1...255).contains(id) else {
            problems.append("\(name)=\(value): a server's id is a number from 1 to 255")
            return
        }
        if let identity, identity.id != id {
            problems.append(
                "\(identity.source)=\(identity.id) and \(name)=\(id) disagree: take one of them away"
            )
            return
        }
        if identity == nil { identity = (id, name) }
        used.append(name)
    }

    private mutating func list(
        _ value: String, _ name: String, in settings: inout ContainerSettings
    ) {
        do throws(ContainerProblems) {
            let lines = try ContainerServers.lines(
                value, clientPort: values["ZOO_PORT_NUMBER"] ?? "2181")
            for line in lines {
                checkNew(line.key, in: name)
                set(line.key, line.value, name, in: &settings)
            }
            if lines.isEmpty { notes.append("\(name) names one server: it runs alone") }
        } catch {
            problems += error.messages
        }
    }

    private mutating func addLine(
        _ line: String, _ name: String, of list: String, to settings: inout ContainerSettings
    ) {
        guard let pair = ContainerServers.pair(line) else {
            notes.append("\(name): \(line) is no KEY=VALUE, and has no effect")
            return
        }
        checkNew(pair.key, in: list)
        set(pair.key, pair.value, name, in: &settings)
    }

    /// One number for two servers of a list would make an ensemble of fewer than were meant, each
    /// with another part of it.
    private mutating func checkNew(_ key: String, in list: String) {
        guard let number = ContainerServers.number(of: key, after: "server."),
            !self.listed[list, default: []].insert("server.\(number)").inserted
        else { return }
        let problem = "server.\(number) is there twice in \(list): every server has its own number"
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// `-Dzookeeper.key=value`, and the few properties that have no such beginning.
    private mutating func readJavaOptions(
        _ value: String, _ name: String, in settings: inout ContainerSettings
    ) {
        var ignored: [String] = []
        for word in value.split(whereSeparator: \.isWhitespace) {
            guard word.hasPrefix("-D"), let pair = ContainerServers.pair(word.dropFirst(2)) else {
                ignored.append(String(word))
                continue
            }
            let isOurs = pair.key.hasPrefix("zookeeper.")
            let key = isOurs ? String(pair.key.dropFirst(10)) : pair.key
            if isOurs ? !key.hasPrefix("log") : KnownKeys.isKnown(key) {
                set(key, pair.value, name, in: &settings)
            } else {
                ignored.append(String(word))
            }
        }
        guard !ignored.isEmpty else { return }
        notes.append(
            "\(name): \(ignored.joined(separator: " ")) has no effect: there is no Java machine")
    }

    private mutating func noteUnknown(_ names: [String]) {
        let ours = ["ZOO_", "ZOOKEEPER_", "AVIARY_"]
        for name in names where ours.contains(where: name.hasPrefix) && !used.contains(name) {
            guard ContainerVariable.byName[name] == nil, !isOfKubernetes(name) else { continue }
            let near = NearestWord.of(name, in: ContainerVariable.byName.keys)
            notes.append(
                "\(name) is not known and has no effect"
                    + (near.map { "; did you mean \($0)?" } ?? "")
            )
        }
    }

    /// What Kubernetes tells every container of each service.
    private func isOfKubernetes(_ name: String) -> Bool {
        name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_PORT_")
    }

    /// Yes and no in the spellings that people use.
    static func flag(_ value: String) -> Bool? {
        switch value.lowercased() {
        case "yes", "true", "1", "on": true
        case "no", "false", "0", "off": false
        default: nil
        }
    }
}
